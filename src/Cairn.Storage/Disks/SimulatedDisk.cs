namespace Cairn.Storage;

/// <summary>
/// A disk in memory that behaves as badly as real ones may, and the same way for the same seed: at a crash each unsynced
/// 512-byte sector is lost, kept or torn, each unsynced name or rename is lost or kept, in any order. Operations that
/// change something are numbered from 0, so that a test can crash or fail at each of them. A sector is torn between old
/// and new bytes; synced bytes are never harmed. Thread safe.
/// </summary>
public sealed class SimulatedDisk : IDisk
{
    private readonly Random _random;
    private readonly SimulatedDirectory _root;
    private readonly List<SimulatedRename> _unsynced = [];
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);
    private long _crashAt = -1;
    private long _faultFrom = -1;
    private long _faultTo = -1;
    private DiskFault _fault;

    /// <summary>An empty disk.</summary>
    /// <param name="seed">Decides everything that chance decides.</param>
    public SimulatedDisk(ulong seed)
        : this(new Random(unchecked((int)(seed ^ (seed >> 32)))), new SimulatedDirectory())
    {
    }

    private SimulatedDisk(Random random, SimulatedDirectory root) => (_random, _root) = (random, root);

    internal enum Fate
    {
        Fine,
        Crash,
        InputOutput,
        NoSpace,
    }

    /// <summary>How many changing operations have begun; the next one has this number.</summary>
    public long Operations { get; private set; }

    /// <summary>What the last operation was, for the report of a failure.</summary>
    public string LastOperation { get; private set; } = "";

    /// <summary>The power has failed; only <see cref="Restart"/> works.</summary>
    public bool Crashed { get; private set; }

    /// <summary>Lets the power fail in the middle of the operation of that number.</summary>
    public void CrashAt(long operation) => _crashAt = operation;

    /// <summary>Lets operations fail: <paramref name="count"/> of them from the one of that number on.</summary>
    public void FailAt(long operation, DiskFault fault, long count = 1) =>
        (_faultFrom, _faultTo, _fault) = (operation, operation > long.MaxValue - count ? long.MaxValue : operation + count, fault);

    /// <summary>Ends the faults that <see cref="FailAt"/> began: space was freed.</summary>
    public void Mend() => _faultFrom = -1;

    /// <summary>Lets the power fail now, between two operations.</summary>
    public void Crash() => Crashed = true;

    /// <summary>The machine starts again: what survived, on a disk that works, without locks. Also fails the power when it has not failed.</summary>
    public SimulatedDisk Restart()
    {
        lock (this)
        {
            Crashed = true;
            foreach (var change in _unsynced)
            {
                if (_random.Next(2) == 0)
                {
                    change.MakeDurable();
                }
            }

            var seen = new Dictionary<SimulatedContent, SimulatedContent>();
            return new(new Random(_random.Next()), Surviving(_root, seen));
        }
    }

    /// <inheritdoc/>
    public IDiskFile Open(string path, DiskOpen mode)
    {
        lock (this)
        {
            ThrowIfCrashed();
            var directory = Directory(Parent(path));
            var name = Path.GetFileName(path);
            var node = directory is not null && directory.Names.TryGetValue(name, out var found) ? found : null;
            if (directory is null || node is SimulatedDirectory || (node is null && mode == DiskOpen.Read))
            {
                throw new FileNotFoundException($"Could not find file '{path}'.", path);
            }

            if (node is not null && mode == DiskOpen.CreateNew)
            {
                throw new IOException($"The file '{path}' already exists.", 17);
            }

            if (node is null)
            {
                node = new SimulatedContent();
                Rename("create", path, [(directory, name, node)]);
            }

            return new SimulatedFile(this, (SimulatedContent)node, path, mode != DiskOpen.Read);
        }
    }

    /// <inheritdoc/>
    public bool Exists(string path) => Looking(() => Find(path) is SimulatedContent);

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path) => Looking<IReadOnlyList<string>>(
        () => Directory(path)?.Names.Where(entry => entry.Value is SimulatedContent).Select(entry => entry.Key).ToArray() ?? []);

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        lock (this)
        {
            ThrowIfCrashed();
            var directory = _root;
            foreach (var part in Parts(path))
            {
                if (!directory.Names.TryGetValue(part, out var node))
                {
                    node = new SimulatedDirectory();
                    Rename("mkdir", path, [(directory, part, node)]);
                }

                directory = node as SimulatedDirectory ?? throw new IOException($"'{path}' is a file.", 17);
            }
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (this)
        {
            ThrowIfCrashed();
            var target = Directory(Parent(to));
            if (Find(from) is not SimulatedContent content || target is null)
            {
                throw new FileNotFoundException($"Could not find file '{from}' or the directory of '{to}'.", from);
            }

            Rename("rename", to, [(Directory(Parent(from))!, Path.GetFileName(from), null), (target, Path.GetFileName(to), content)]);
        }
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        lock (this)
        {
            ThrowIfCrashed();
            if (Find(path) is SimulatedContent)
            {
                Rename("delete", path, [(Directory(Parent(path))!, Path.GetFileName(path), null)]);
            }
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        lock (this)
        {
            ThrowIfCrashed();
            var directory = Directory(path) ?? throw new DirectoryNotFoundException($"Could not find the directory '{path}'.");
            switch (Begin("fsync directory", path))
            {
                case Fate.Crash:
                    throw Die();
                case Fate.Fine:
                    foreach (var change in _unsynced.Where(change => change.Steps.Any(step => step.Directory == directory)))
                    {
                        change.MakeDurable();
                    }

                    _unsynced.RemoveAll(change => change.Steps.Any(step => step.Directory == directory));
                    break;
                case var fate:
                    throw Error(fate == Fate.NoSpace ? DiskErrors.NoSpace : DiskErrors.InputOutput, "fsync directory", path);
            }
        }
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        lock (this)
        {
            ThrowIfCrashed();
            if (!_locks.Add(path))
            {
                return null;
            }

            try
            {
                using var file = Open(path, DiskOpen.ReadWrite);
                file.Write(0, "1\n"u8);
            }
            catch
            {
                _locks.Remove(path);
                throw;
            }

            return new Held(this, path);
        }
    }

    internal static IOException Error(int number, string operation, string path) => new(
        $"{operation} of {path} failed: {(number == DiskErrors.NoSpace ? "No space left on device" : "Input/output error")} (errno {number}).", number);

    internal Fate Begin(string operation, string path)
    {
        ThrowIfCrashed();
        var number = Operations++;
        LastOperation = $"#{number} {operation} {path}";
        return number == _crashAt ? Fate.Crash
            : _faultFrom < 0 || number < _faultFrom || number >= _faultTo ? Fate.Fine
            : _fault == DiskFault.NoSpace ? Fate.NoSpace : Fate.InputOutput;
    }

    internal SimulatedCrashException Die()
    {
        Crashed = true;
        return new SimulatedCrashException($"The simulated power failed at {LastOperation}.");
    }

    internal void ThrowIfCrashed()
    {
        if (Crashed)
        {
            throw new SimulatedCrashException($"The simulated power has failed (last operation: {LastOperation}).");
        }
    }

    internal T Looking<T>(Func<T> look)
    {
        lock (this)
        {
            ThrowIfCrashed();
            return look();
        }
    }

    internal int Roll(int limit) => _random.Next(limit);

    internal void LoseSync(SimulatedContent content) => content.LoseSync(_random);

    private void Rename(string operation, string path, List<(SimulatedDirectory Directory, string Name, SimulatedNode? Node)> steps)
    {
        var fate = Begin(operation, path);
        if (fate is Fate.Fine or Fate.Crash)
        {
            foreach (var (directory, name, node) in steps)
            {
                if (node is null)
                {
                    directory.Names.Remove(name);
                }
                else
                {
                    directory.Names[name] = node;
                }
            }

            _unsynced.Add(new(steps));
        }

        if (fate != Fate.Fine)
        {
            throw fate == Fate.Crash ? Die() : Error(fate == Fate.NoSpace ? DiskErrors.NoSpace : DiskErrors.InputOutput, operation, path);
        }
    }

    // Two names may lead to one file when a rename away from the first was lost and one to the second kept; it stays one file.
    private SimulatedDirectory Surviving(SimulatedDirectory directory, Dictionary<SimulatedContent, SimulatedContent> seen)
    {
        var copy = new SimulatedDirectory();
        foreach (var (name, node) in directory.Durable)
        {
            SimulatedNode survivor;
            if (node is SimulatedContent content)
            {
                survivor = seen.TryGetValue(content, out var known) ? known : seen[content] = content.Crash(_random);
            }
            else
            {
                survivor = Surviving((SimulatedDirectory)node, seen);
            }

            copy.Names[name] = survivor;
            copy.Durable[name] = survivor;
        }

        return copy;
    }

    private SimulatedNode? Find(string path) =>
        Directory(Parent(path)) is { } directory && directory.Names.TryGetValue(Path.GetFileName(path), out var node) ? node : null;

    private SimulatedDirectory? Directory(string path)
    {
        var directory = _root;
        foreach (var part in Parts(path))
        {
            if (!directory.Names.TryGetValue(part, out var node) || node is not SimulatedDirectory next)
            {
                return null;
            }

            directory = next;
        }

        return directory;
    }

    private static string Parent(string path) => Path.GetDirectoryName(path) ?? "/";

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private sealed class Held(SimulatedDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk)
            {
                disk._locks.Remove(path);
            }
        }
    }
}
