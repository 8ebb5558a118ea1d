using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// What of a policy the sandbox itself holds: names are no boundary, but what a rule forbids for everything, mounts and the
/// system call filter can take away.
/// </summary>
/// <param name="Profile">The kind of work that is left.</param>
/// <param name="NoExec">No program of the workspace can be started.</param>
internal readonly record struct SandboxRules(SandboxProfile Profile, bool NoExec)
{
    /// <summary>There is less than what a build needs.</summary>
    public bool IsNarrow => Profile != SandboxProfile.Build || NoExec;

    /// <summary>Those of a run: what its agent file names, else what its policy forbids.</summary>
    public static SandboxRules Of(RunState state)
    {
        var named = state.Spec.Limits.Command?.Profile;
        if (state.Policy is null)
        {
            return new(named ?? SandboxProfile.Build, named is SandboxProfile.ReadOnly or SandboxProfile.Deploy);
        }

        // A rule that forbids wins over what the agent file names.
        var left = !Forbidden("fs.write", "File") ? SandboxProfile.Build : Forbidden("net.connect", "Host") ? SandboxProfile.ReadOnly : SandboxProfile.Deploy;
        var profile = left == SandboxProfile.Build ? named ?? left : named == SandboxProfile.ReadOnly ? SandboxProfile.ReadOnly : left;
        return new(profile, profile != SandboxProfile.Build || Forbidden("fs.exec", "File"));

        bool Forbidden(string action, string kind) => PolicyGate.Forbids(state, new AccessRequest(action, kind, kind == "File" ? "." : "", Recursive: true));
    }
}
