namespace Cairn.Storage;

/// <summary>One run as the index knows it. The tail is ahead of the durable end while a commit is under way.</summary>
internal sealed class RunState(RunId run, UInt128 key)
{
    public RunId Run { get; } = run;

    public UInt128 Key { get; } = key;

    public List<LogPlace> Places { get; } = [];

    public BlobHash Chain { get; set; }

    public long Started { get; set; }

    public long Updated { get; set; }

    public long TailCount { get; set; }

    public BlobHash TailChain { get; set; }

    public void Add(LogPlace place, long time, BlobHash chain)
    {
        if (Places.Count == 0)
        {
            Started = time;
        }

        Places.Add(place);
        Updated = time;
        Chain = chain;
    }

    public void ResetTail() => (TailCount, TailChain) = (Places.Count, Chain);

    public RunHead Head() => new(Run, Places.Count, Chain, LogTime.From(Started), LogTime.From(Updated));
}
