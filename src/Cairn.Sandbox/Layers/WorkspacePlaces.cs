using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;
using Cairn.Sandbox.Sessions;

namespace Cairn.Sandbox.Layers;

/// <summary>What a store shares with its workspaces.</summary>
internal sealed record WorkspacePlaces(
    LayerFiles Files, Squash Squash, SandboxRunner Runner, IBlobStore Blobs, TimeProvider Time, int Depth, ShellHolder Holder, LayerStoring? Storing);
