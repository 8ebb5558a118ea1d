using System.Runtime.InteropServices;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>Turns error numbers into the contract's exceptions.</summary>
internal static class LinuxError
{
    public const int NotPermitted = 1, NotFound = 2, Access = 13, Exists = 17, CrossDevice = 18, NotDirectory = 20, IsDirectory = 21,
        Invalid = 22, NoSpace = 28, ReadOnlyFileSystem = 30, NameTooLong = 36, NotEmpty = 39, Loop = 40, NoData = 61, NotSupported = 95, Quota = 122;

    public static WorkspaceException Last(string what, string path) => From(Marshal.GetLastPInvokeError(), what, path);

    public static WorkspaceException From(int error, string what, string path)
    {
        var problem = error switch
        {
            NotFound or NotDirectory or NameTooLong => FileProblem.NotFound,
            Loop or CrossDevice => FileProblem.Outside,
            IsDirectory => FileProblem.WrongKind,
            _ => FileProblem.Io,
        };
        var mend = error switch
        {
            NoSpace or Quota => " Free some space and try again; nothing was changed.",
            ReadOnlyFileSystem => " The file system is mounted read-only.",
            Access or NotPermitted => " Check the owner and the permission bits.",
            Loop => " A symbolic link stands where none was expected.",
            _ => "",
        };
        return new(problem, $"Cannot {what} '{path}': {Marshal.GetPInvokeErrorMessage(error)}.{mend}");
    }

    public static void Check(int result, string what, string path)
    {
        if (result != 0)
        {
            throw Last(what, path);
        }
    }
}
