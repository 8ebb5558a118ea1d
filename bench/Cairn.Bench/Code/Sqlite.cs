using System.Runtime.InteropServices;
using System.Text;

namespace Cairn.Bench.Code;

/// <summary>A database in memory, by the system's own SQLite: the few calls that a comparison needs.</summary>
internal sealed class Sqlite : IDisposable
{
    private const string Library = "libsqlite3.so.0";
    private const int Row = 100;

    private readonly nint _database;

    public Sqlite()
    {
        Check(Open(Encoding.UTF8.GetBytes(":memory:\0"), out _database), "open");
    }

    public static string Version => Marshal.PtrToStringUTF8(LibraryVersion())!;

    public void Run(string sql) => Check(Execute(_database, Encoding.UTF8.GetBytes(sql + "\0"), 0, 0, 0), sql);

    public Statement Prepare(string sql)
    {
        Check(PrepareStatement(_database, Encoding.UTF8.GetBytes(sql + "\0"), -1, out var statement, 0), sql);
        return new(statement);
    }

    public void Dispose() => _ = Close(_database);

    private static void Check(int code, string what)
    {
        if (code != 0)
        {
            throw new InvalidOperationException($"SQLite failed with {code}: {what}");
        }
    }

    /// <summary>A statement that is compiled once and run often.</summary>
    internal sealed class Statement(nint statement) : IDisposable
    {
        /// <summary>Runs it with whole numbers for its parameters and gives the first number of the first row.</summary>
        public long Number(params ReadOnlySpan<long> values)
        {
            for (var i = 0; i < values.Length; i++)
            {
                Check(Bind(statement, i + 1, values[i]), "bind");
            }

            var result = Step(statement) == Row ? Column(statement, 0) : -1;
            _ = Reset(statement);
            return result;
        }

        public void Dispose() => _ = End(statement);
    }

    [DllImport(Library, EntryPoint = "sqlite3_open")]
    private static extern int Open(byte[] name, out nint database);

    [DllImport(Library, EntryPoint = "sqlite3_close")]
    private static extern int Close(nint database);

    [DllImport(Library, EntryPoint = "sqlite3_exec")]
    private static extern int Execute(nint database, byte[] sql, nint callback, nint argument, nint error);

    [DllImport(Library, EntryPoint = "sqlite3_prepare_v2")]
    private static extern int PrepareStatement(nint database, byte[] sql, int length, out nint statement, nint tail);

    [DllImport(Library, EntryPoint = "sqlite3_bind_int64")]
    private static extern int Bind(nint statement, int at, long value);

    [DllImport(Library, EntryPoint = "sqlite3_step")]
    private static extern int Step(nint statement);

    [DllImport(Library, EntryPoint = "sqlite3_reset")]
    private static extern int Reset(nint statement);

    [DllImport(Library, EntryPoint = "sqlite3_column_int64")]
    private static extern long Column(nint statement, int at);

    [DllImport(Library, EntryPoint = "sqlite3_finalize")]
    private static extern int End(nint statement);

    [DllImport(Library, EntryPoint = "sqlite3_libversion")]
    private static extern nint LibraryVersion();
}
