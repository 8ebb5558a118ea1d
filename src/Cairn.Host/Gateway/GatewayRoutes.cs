using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cairn.Host;

/// <summary>The gateway's calls in a daemon, beside those of its own API.</summary>
internal sealed class GatewayRoutes(ModelGateway gateway, params IApiRoutes[] beside) : IApiRoutes
{
    public void Map(IEndpointRouteBuilder app)
    {
        foreach (var other in beside)
        {
            other.Map(app);
        }

        RequestDelegate handle = Problems.Guard(gateway.HandleAsync);
        app.MapGet(GatewayPaths.Models, handle);
        app.MapPost(GatewayPaths.Chat, handle);
        app.MapPost(GatewayPaths.Responses, handle);
        app.MapGet(GatewayPaths.Responses, handle);
        app.MapPost(GatewayPaths.Messages, handle);
        app.MapPost(GatewayPaths.Count, handle);
    }
}
