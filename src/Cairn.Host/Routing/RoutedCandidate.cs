using Cairn.Abstractions;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>A model that a route may choose.</summary>
/// <param name="Id">provider:name.</param>
/// <param name="Registered">What the user says of it.</param>
/// <param name="Model">The open model; null when it cannot be opened.</param>
/// <param name="Problem">Why not.</param>
/// <param name="Line">The way to it.</param>
internal sealed record RoutedCandidate(string Id, RegisteredModel Registered, IModel? Model, string? Problem, ModelLine Line);
