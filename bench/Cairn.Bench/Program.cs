using Cairn.Bench;

return args switch
{
    ["steps", .. var rest] when StepsOptions.TryParse(rest, out var options) => await StepsBenchmark.RunAsync(options, Console.Out, CancellationToken.None),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(StepsOptions.Usage);
    return 2;
}
