using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Sessions;

/// <summary>A connection to the process that holds a run's shells. Answers come in the order of the questions; output and reports come in between.</summary>
internal sealed class HolderClient : IDisposable
{
    private const int MaxMessage = 8 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Socket _socket;
    private readonly ConcurrentQueue<TaskCompletionSource<HolderAnswer>> _asked = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Task _reading;
    private volatile bool _broken;

    private HolderClient(Socket socket)
    {
        _socket = socket;
        _reading = ReadAsync();
    }

    /// <summary>Told of what shells print, report and of their end: in order, on one thread at a time.</summary>
    public Action<HolderNews>? OnNews { get; set; }

    /// <summary>The holder is gone.</summary>
    public bool IsBroken => _broken;

    /// <summary>Connects; null when nobody listens there.</summary>
    public static HolderClient? TryConnect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new(socket);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            socket.Dispose();
            return null;
        }
    }

    public async Task<HolderState> HelloAsync() => HolderState.Parse((await AskAsync('H')).Text);

    /// <summary>Asks for something that must succeed.</summary>
    /// <exception cref="WorkspaceException">When the holder refuses, or is gone.</exception>
    public async Task<HolderAnswer> AskAsync(char type, params string[] texts)
    {
        var answer = await TryAskAsync(type, texts, default);
        return answer.Type == 'k' ? answer : throw Refusal(answer.Text);
    }

    /// <summary>Asks for something and gives back whatever the answer is.</summary>
    public async Task<HolderAnswer> TryAskAsync(char type, IReadOnlyList<string> texts, ReadOnlyMemory<byte> body)
    {
        var head = texts.SelectMany(t => Encoding.UTF8.GetBytes(t).Append((byte)0)).ToArray();
        var message = new byte[5 + head.Length + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length - 4);
        message[4] = (byte)type;
        head.CopyTo(message, 5);
        body.Span.CopyTo(message.AsSpan(5 + head.Length));
        var answer = new TaskCompletionSource<HolderAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _sending.WaitAsync();
        try
        {
            _asked.Enqueue(answer);
            for (var at = 0; at < message.Length;)
            {
                at += await _socket.SendAsync(message.AsMemory(at));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Refusal("the process that holds them is gone");
        }
        finally
        {
            _sending.Release();
        }

        if (_broken)
        {
            answer.TrySetResult(new('e', "the process that holds them is gone"));
        }

        try
        {
            return await answer.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw Refusal("the process that holds them does not answer");
        }
    }

    /// <summary>Waits until the holder is gone.</summary>
    public Task GoneAsync() => _reading.WaitAsync(Patience);

    public void Dispose() => _socket.Dispose();

    private static WorkspaceException Refusal(string why) => new(FileProblem.Io, $"The run's shells cannot be used: {why}.");

    private async Task ReadAsync()
    {
        try
        {
            var head = new byte[5];
            while (await FillAsync(head))
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(head) - 1;
                if (length is < 0 or > MaxMessage)
                {
                    break;
                }

                var body = new byte[length];
                if (length > 0 && !await FillAsync(body))
                {
                    break;
                }

                Take((char)head[4], body);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or FormatException)
        {
            // Gone, as if it had said so.
        }

        _broken = true;
        while (_asked.TryDequeue(out var waiting))
        {
            waiting.TrySetResult(new('e', "the process that holds them is gone"));
        }

        OnNews?.Invoke(new('!', "", 0, 0, []));
    }

    private void Take(char type, byte[] body)
    {
        if (type is 'o' or 'p' or 'x')
        {
            var name = Array.IndexOf(body, (byte)0);
            OnNews?.Invoke(new(
                type,
                Encoding.UTF8.GetString(body, 0, name),
                BinaryPrimitives.ReadInt64LittleEndian(body.AsSpan(name + 1)),
                BinaryPrimitives.ReadInt64LittleEndian(body.AsSpan(name + 9)),
                body[(name + 17)..]));
        }
        else if (_asked.TryDequeue(out var waiting))
        {
            waiting.TrySetResult(new(type, Encoding.UTF8.GetString(body)));
        }
    }

    private async Task<bool> FillAsync(byte[] buffer)
    {
        for (var at = 0; at < buffer.Length;)
        {
            var n = await _socket.ReceiveAsync(buffer.AsMemory(at));
            if (n == 0)
            {
                return false;
            }

            at += n;
        }

        return true;
    }
}

/// <summary>The holder's answer: k done, b busy, e refused.</summary>
internal readonly record struct HolderAnswer(char Type, string Text);

/// <summary>Unasked: o output from an offset; p the report of a prompt, with its number and the output before it; x the end; ! the holder is gone.</summary>
internal readonly record struct HolderNews(char Type, string Shell, long First, long Second, byte[] Body);

/// <summary>A shell as its holder has it.</summary>
internal readonly record struct HeldShell(string Name, int Pid, long Total, long Reports, bool IsParked, bool IsDead, long LastPrompt);

/// <summary>What the holder holds.</summary>
/// <param name="Server">The process in the sandbox that opens terminals, by its id outside.</param>
/// <param name="IsMounted">The workspace is in the sandbox.</param>
/// <param name="Mark">The last call that it saw.</param>
/// <param name="Base">The layer that the workspace stands on, as text; "" for the repository.</param>
/// <param name="Shells">The shells.</param>
internal sealed record HolderState(int Server, bool IsMounted, string Mark, string Base, IReadOnlyList<HeldShell> Shells)
{
    public static HolderState Parse(string text)
    {
        var lines = text.Split('\n').Select(l => l.Split(' ')).ToLookup(p => p[0]);
        return new(
            Number(lines["server"].First()[1]),
            lines["mounted"].First()[1] == "1",
            lines["mark"].First()[1],
            lines["base"].First()[1],
            [.. lines["shell"].Select(p => new HeldShell(p[1], Number(p[2]), long.Parse(p[3], CultureInfo.InvariantCulture), long.Parse(p[4], CultureInfo.InvariantCulture), p[5] == "1", p[6] == "1", long.Parse(p[7], CultureInfo.InvariantCulture)))]);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
