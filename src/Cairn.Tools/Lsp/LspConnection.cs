using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>What a server says without being asked, and asks itself.</summary>
internal interface ILspListener
{
    /// <summary>It tells something. Called in the order of its messages; must not wait.</summary>
    void Told(string method, JsonElement parameters);

    /// <summary>It asks something; null when there is no such question. Must not wait.</summary>
    (JsonNode? Answer, bool Known) Asked(string method, JsonElement parameters);
}

/// <summary>
/// Questions and answers over two streams. Whatever the other side does (floods, silence, nonsense, a message that never ends), what is kept here
/// is bounded, and all who wait are told.
/// </summary>
internal sealed class LspConnection : IAsyncDisposable
{
    private const int MethodNotFound = -32601;
    private const int MaxReason = 2000;

    private readonly Stream _input;
    private readonly ILspListener _listener;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _pending = new();
    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(LspLimits.Outgoing) { SingleReader = true });
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _reading;
    private readonly Task _writing;
    private LspFailure? _failure;
    private long _lastId;
    private long _queued;
    private long _unasked;

    /// <param name="input">What the server reads.</param>
    /// <param name="output">What it prints.</param>
    /// <param name="listener">Takes what it says unasked.</param>
    /// <param name="time">The clock.</param>
    public LspConnection(Stream input, Stream output, ILspListener listener, TimeProvider time)
    {
        (_input, _listener, _time) = (input, listener, time);
        _reading = ReadAsync(new LspFrames(output));
        _writing = WriteAsync();
    }

    /// <summary>Why nothing more can be asked; null while all is well.</summary>
    public LspFailure? Failure => Volatile.Read(ref _failure);

    /// <summary>Asks a question.</summary>
    /// <exception cref="LspFailure">When the server is gone, or broke the protocol.</exception>
    /// <exception cref="LspRefusal">When it answers with an error.</exception>
    public async Task<JsonElement> AskAsync(string method, JsonNode? parameters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_pending.Count >= LspLimits.Pending)
        {
            throw new LspFailure($"{LspLimits.Pending} questions wait for an answer already");
        }

        _pending[id] = answer;
        try
        {
            Send(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters });
            return await answer.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (Failure is null)
        {
            Tell("$/cancelRequest", new JsonObject { ["id"] = id });
            throw;
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <summary>Tells something that needs no answer.</summary>
    public void Tell(string method, JsonNode? parameters) => Send(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters });

    public async ValueTask DisposeAsync()
    {
        Fail(new LspFailure("it was stopped"));
        await Task.WhenAll(_reading, _writing);
        _closing.Dispose();
    }

    private void Send(JsonObject message)
    {
        if (Failure is { } failure)
        {
            throw new LspFailure(failure.Message, failure);
        }

        var bytes = LspFrames.Of(message);
        if (Interlocked.Add(ref _queued, bytes.Length) > LspLimits.OutgoingBytes || !_outgoing.Writer.TryWrite(bytes))
        {
            throw Fail(new LspFailure("it does not read what it is asked"));
        }
    }

    private async Task WriteAsync()
    {
        await Task.Yield();
        try
        {
            await foreach (var bytes in _outgoing.Reader.ReadAllAsync(_closing.Token))
            {
                using var late = new CancellationTokenSource(LspLimits.Write, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _closing.Token);

                // A write into a full pipe cannot be called back: whoever closes the pipe ends it.
                await _input.WriteAsync(bytes, both.Token).AsTask().WaitAsync(both.Token);
                await _input.FlushAsync(both.Token).WaitAsync(both.Token);
                Interlocked.Add(ref _queued, -bytes.Length);
            }
        }
        catch (OperationCanceledException) when (!_closing.IsCancellationRequested)
        {
            Fail(new LspFailure($"it did not read for {LspLimits.Write.TotalSeconds} s"));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            Fail(new LspFailure("it ended", e));
        }
    }

    private async Task ReadAsync(LspFrames frames)
    {
        await Task.Yield();
        try
        {
            while (await frames.ReadAsync(_closing.Token).WaitAsync(_closing.Token) is { } frame)
            {
                using (frame.Message)
                {
                    Count(frame.Bytes);
                    Take(frame.Message.RootElement);
                }
            }

            Fail(new LspFailure("it ended"));
        }
        catch (LspFailure e)
        {
            Fail(e);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            Fail(new LspFailure("it ended", e));
        }
    }

    private void Count(int bytes)
    {
        if ((_unasked += bytes) > LspLimits.UnaskedBytes)
        {
            throw new LspFailure("it says more without being asked than can be listened to");
        }
    }

    private void Take(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw new LspFailure("it sent a message that is no object");
        }

        var hasId = message.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.Number or JsonValueKind.String;
        if (message.TryGetProperty("method", out var name) && name.ValueKind == JsonValueKind.String)
        {
            var parameters = message.TryGetProperty("params", out var given) ? given : default;
            if (hasId)
            {
                Reply(id, _listener.Asked(name.GetString()!, parameters));
            }
            else
            {
                _listener.Told(name.GetString()!, parameters);
            }
        }
        else if (hasId && id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var number) && _pending.TryRemove(number, out var waiting))
        {
            _unasked = 0;
            Answer(waiting, message);
        }
    }

    private static void Answer(TaskCompletionSource<JsonElement> waiting, JsonElement message)
    {
        if (message.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
        {
            var code = error.TryGetProperty("code", out var c) && c.ValueKind == JsonValueKind.Number && c.TryGetInt32(out var n) ? n : 0;
            var text = error.TryGetProperty("message", out var m) && m.ValueKind == JsonValueKind.String ? m.GetString()! : "an error without a text";
            waiting.TrySetException(new LspRefusal(code, SafeText.Line(text, MaxReason)));
        }
        else
        {
            waiting.TrySetResult(message.TryGetProperty("result", out var result) ? result.Clone() : default);
        }
    }

    private void Reply(JsonElement id, (JsonNode? Answer, bool Known) reply)
    {
        var message = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = JsonNode.Parse(id.GetRawText()) };
        if (reply.Known)
        {
            message["result"] = reply.Answer;
        }
        else
        {
            message["error"] = new JsonObject { ["code"] = MethodNotFound, ["message"] = "not known here" };
        }

        Send(message);
    }

    private LspFailure Fail(LspFailure failure)
    {
        failure = Interlocked.CompareExchange(ref _failure, failure, null) ?? failure;
        _outgoing.Writer.TryComplete();
        foreach (var id in _pending.Keys)
        {
            if (_pending.TryRemove(id, out var waiting))
            {
                waiting.TrySetException(new LspFailure(failure.Message, failure));
            }
        }

        _closing.Cancel();
        return failure;
    }
}
