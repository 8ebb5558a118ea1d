using Cairn.Bench;
using Cairn.Bench.Layers;
using Cairn.Bench.Code;
using Cairn.Bench.Context;
using Cairn.Bench.Gateway;
using Cairn.Bench.Retention;
using Cairn.Bench.Policy;
using Cairn.Bench.Runs;
using Cairn.Bench.Sandboxes;
using Cairn.Bench.Steps;

try
{
    return args switch
    {
        ["steps", .. var rest] => await StepsBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["sample", .. var rest] => await SampleProcess.RunAsync(rest, Console.Out, CancellationToken.None),
        ["runs", .. var rest] => await RunsBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["daemon", .. var rest] => await DaemonBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["retention", .. var rest] => await RetentionBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["profile", .. var rest] => await ProfileBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["sandbox", .. var rest] => await SandboxBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["layers", .. var rest] => await LayersBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["policy", .. var rest] => PolicyBenchmark.Run(rest, Console.Out),
        ["code", .. var rest] => CodeBenchmark.Run(rest, Console.Out),
        ["context", .. var rest] => await ContextBenchmark.RunAsync(rest, Console.Out),
        ["gateway", .. var rest] => await GatewayBenchmark.RunAsync(rest, Console.Out, CancellationToken.None),
        ["gateway-mock"] => await MockBackend.RunAsync(Console.Out, CancellationToken.None),
        ["gateway-own", .. var rest] => await OwnGateway.RunAsync(rest, Console.Out, CancellationToken.None),
        _ => Usage(),
    };
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    return Usage();
}

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage: ./cairn bench steps [--runs 1,16,256] [--steps 10,1000] [--kb 1,4,64] [--rounds 10] [--edge-rounds 2]
                                   [--peers langgraph,restate,dbos|none] [--only PART] [--seconds 60] [--max-mb 4096] [--dir DIR] [--json]
                 durable steps side by side with other systems, which are fetched at pinned versions; cells of more than
                 16 runs, less than 100 steps or more than 4 KB get the edge's rounds
               ./cairn bench runs [--live 1000] [--steps 10] [--kb 1] [--wait-ms 200] [--dir DIR] [--json]
                 many live runs in one kernel: memory, CPU, the size of every table
               ./cairn bench profile [--steps 1000] [--kb 1] [--dir DIR] [--json]
                 CPU of one step by part, at growing lengths of history
               ./cairn bench daemon [--live 1000] [--waiting 100] [--dir DIR] [--json]
                 many live runs in one daemon, started and answered over its socket: memory, how fast it answers
               ./cairn bench retention [--tree-mb 1024] [--checkpoints 5000] [--working 200] [--dir DIR] [--json]
                 many checkpoints of a large tree: disk space, time per checkpoint at growing depth, time to go back
               ./cairn bench sandbox [--rounds 10] [--calls 60] [--dir DIR] [--json]
                 what a command in the sandbox costs: warm, cold, by backend, beside a bare process and plain bwrap
               ./cairn bench layers [--files 5000] [--dirty 1,100] [--depth 1,20,100] [--rounds 10] [--dir DIR] [--json]
                 checkpoint, fork, rollback, diff and merge of a tree, beside git worktree add, cp -a and reflinks; in full:
                 --files 5000,50000 --dirty 1,100,1000 --depth 1,20,100,500
               ./cairn bench policy [--rounds 15] [--decisions 20000] [--json]
                 what a policy's decision costs, with 10, 100 and 1,000 rules
               ./cairn bench code [--rounds 5]
                 the code model's stores: path queries beside SQLite's, with the answers compared; recall and time of vectors
               ./cairn bench context [--items 100000] [--window 200000] [--ticks 5000] [--room 40000] [--facts 200] [--edits 30] [--repos DIR,… | --journals STATE] [--json]
                 what deciding on a prompt costs, what each policy leaves out too early on traces simulated from git
                 histories, beside the best choices of hindsight, and which facts survive
               ./cairn bench gateway [--rounds 10] [--requests 300] [--seconds 1] [--streams 1,10,100,1000] [--turns 24] [--peers portkey|none] [--dir DIR] [--json]
                 what the gateway adds to a call (latency, CPU, time to the first event, memory per open stream), beside Portkey's
                 gateway, which is fetched at a pinned version; turns over a WebSocket beside HTTP
        --dir is where to write (default: the working directory): it must lie on the disk that is to be measured.
        Raw samples go to artifacts/bench/.
        """);
    return 2;
}
