namespace Cairn.Models;

/// <summary>A model behind HTTP that can be asked in its provider's own words.</summary>
internal interface IWireSource
{
    ProviderEndpoint Endpoint { get; }

    PricedModel? Price { get; }

    HttpClient Http { get; }

    /// <summary>The formats that it is asked in, best first.</summary>
    IReadOnlyList<WireFormat> Formats { get; }
}
