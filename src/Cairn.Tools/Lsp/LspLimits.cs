namespace Cairn.Tools.Lsp;

/// <summary>What a language server may take, however hostile it is, and how long it is waited for.</summary>
internal static class LspLimits
{
    /// <summary>The most bytes before a message's body.</summary>
    public const int HeaderBytes = 4096;

    /// <summary>The most bytes of one message.</summary>
    public const int MessageBytes = 32 * 1024 * 1024;

    /// <summary>The most that a server says without being asked, between two answers.</summary>
    public const long UnaskedBytes = 256L * 1024 * 1024;

    /// <summary>Questions that wait for an answer at once.</summary>
    public const int Pending = 64;

    /// <summary>Messages that wait until the server reads them.</summary>
    public const int Outgoing = 512;

    /// <summary>Their bytes.</summary>
    public const long OutgoingBytes = 128L * 1024 * 1024;

    /// <summary>Documents that are open in one server.</summary>
    public const int OpenDocuments = 192;

    /// <summary>The largest document that is shown to a server.</summary>
    public const int DocumentBytes = 4 * 1024 * 1024;

    /// <summary>Changed files that a server is told of; with more it is started anew over the files as they are.</summary>
    public const int ChangedFiles = 64;

    /// <summary>Files with findings that are remembered, and findings of each.</summary>
    public const int DiagnosedFiles = 512;

    /// <summary>Findings of one file that are remembered.</summary>
    public const int FileDiagnostics = 1000;

    /// <summary>Places of one answer that are looked at.</summary>
    public const int Places = 5000;

    /// <summary>Edits of one answer that are carried out.</summary>
    public const int Edits = 20_000;

    /// <summary>Files that one answer may change.</summary>
    public const int EditedFiles = 500;

    /// <summary>Files that mention a name and are shown to the server before it is asked where the name is used.</summary>
    public const int Mentions = 48;

    /// <summary>Servers of one pool at once.</summary>
    public const int Servers = 8;

    /// <summary>Servers of one language over one repository at once: for runs whose files went different ways.</summary>
    public const int ServersOfOneKind = 3;

    /// <summary>How often a question is asked again of a server that was started anew because it died.</summary>
    public const int Attempts = 2;

    /// <summary>How often a server may die within <see cref="CrashWindow"/> before it is not started any more.</summary>
    public const int Crashes = 4;

    /// <summary>See <see cref="Crashes"/>.</summary>
    public static readonly TimeSpan CrashWindow = TimeSpan.FromMinutes(10);

    /// <summary>A server that does not read for so long is ended.</summary>
    public static readonly TimeSpan Write = TimeSpan.FromSeconds(15);

    /// <summary>How long a server may take to end by itself after it was asked to.</summary>
    public static readonly TimeSpan Parting = TimeSpan.FromMilliseconds(300);

    /// <summary>A server that does not say to which version its findings belong has finished when it was quiet for so long.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    /// <summary>What an edit waits for the findings of a server that runs.</summary>
    public static readonly TimeSpan EditWait = TimeSpan.FromSeconds(4);

    /// <summary>What an edit waits for a server that has to be started first, on top.</summary>
    public static readonly TimeSpan StartWait = TimeSpan.FromSeconds(8);

    /// <summary>How often idle servers are looked for.</summary>
    public static readonly TimeSpan IdleCheck = TimeSpan.FromSeconds(15);
}
