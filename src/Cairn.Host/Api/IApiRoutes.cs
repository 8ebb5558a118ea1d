using Microsoft.AspNetCore.Routing;

namespace Cairn.Host;

/// <summary>The calls that a server answers.</summary>
internal interface IApiRoutes
{
    /// <summary>Names them.</summary>
    void Map(IEndpointRouteBuilder app);
}
