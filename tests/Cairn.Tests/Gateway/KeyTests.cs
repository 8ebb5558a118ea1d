using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Tests.Gateway;

public sealed class KeyTests : IDisposable
{
    private static readonly GatewayKey Plain = new("k1", "", KeyOwner.Agent, "a", default);
    private readonly string _state = Directory.CreateTempSubdirectory("cairn-keys-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public void A_secret_is_shown_once_and_stored_as_a_hash_only()
    {
        var file = new KeyFile(_state, TimeProvider.System);
        var made = file.Create(k => k with { Owner = "coder", Kind = KeyOwner.Team, Models = ["openai:*"], BudgetTokens = 10 });
        using var keys = new GatewayKeys(_state, TimeProvider.System);
        Assert.Equal(made.Key, keys.Find(made.Secret)! with { Models = made.Key.Models });
        Assert.Null(keys.Find(made.Secret + "0"));
        Assert.Null(keys.Find(""));
        foreach (var path in Directory.GetFiles(_state))
        {
            Assert.DoesNotContain(made.Secret, File.ReadAllText(path), StringComparison.Ordinal);
            Assert.True(OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) == 0 || path.EndsWith(".lock", StringComparison.Ordinal), path);
        }
    }

    [Fact]
    public void A_revoked_or_expired_key_is_good_for_nothing()
    {
        var file = new KeyFile(_state, TimeProvider.System);
        var revoked = file.Create(k => k);
        var expired = file.Create(k => k with { Expires = k.Created });
        var good = file.Create(k => k);
        file.Revoke(revoked.Key.Id);
        using var keys = new GatewayKeys(_state, TimeProvider.System);
        Assert.Null(keys.Find(revoked.Secret));
        Assert.Null(keys.Find(expired.Secret));
        Assert.NotNull(keys.Find(good.Secret));
        Assert.Throws<NotFoundException>(() => file.Revoke("k0"));
    }

    [Fact]
    public void A_key_file_that_cannot_be_read_makes_no_key_good()
    {
        var made = new KeyFile(_state, TimeProvider.System).Create(k => k);
        File.WriteAllText(Directory.GetFiles(_state, "*.json").Single(), "[{");
        using var keys = new GatewayKeys(_state, TimeProvider.System);
        Assert.Null(keys.Find(made.Secret));
    }

    [Theory]
    [InlineData("openai:gpt-5", "openai:gpt-5", true)]
    [InlineData("openai:*", "openai:gpt-5", true)]
    [InlineData("openai:*", "anthropic:claude", false)]
    [InlineData("gpt-5", "openai:gpt-5", true)]
    [InlineData("gpt-5", "openai:gpt-5-pro", false)]
    [InlineData("gpt-5", "route:coding=anthropic:claude,openai:gpt-5", false)]
    [InlineData("coding", "route:coding", false)]
    [InlineData("route:coding", "route:coding", true)]
    [InlineData("route:coding", "route:coding=openai:gpt-5", false)]
    [InlineData("route:*", "route:coding=openai:gpt-5", true)]
    [InlineData("openai:*", "route:coding", false)]
    public void A_key_opens_the_models_that_it_names(string rule, string model, bool allowed) =>
        Assert.Equal(allowed, (Plain with { Models = [rule] }).Allows(model));

    [Fact]
    public void Requests_side_by_side_cannot_overspend_together()
    {
        var key = Plain with { BudgetTokens = 100 };
        var account = new KeyAccount(TimeProvider.System);
        Assert.Null(account.TryReserve(key, 60, 0));
        Assert.NotNull(account.TryReserve(key, 60, 0));
        account.Settle(60, 0, 30, 0);
        Assert.Null(account.TryReserve(key, 60, 0));
        account.Settle(60, 0, 70, 0);
        Assert.Null(account.TryReserve(key, 1, 0)?.Wait);
        Assert.Contains("100 are spent", account.TryReserve(key, 1, 0)!.Value.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rate_refuses_with_the_wait_until_there_is_room_again()
    {
        var time = new Steps();
        var account = new KeyAccount(time);
        var key = Plain with { RequestsPerMinute = 2 };
        Assert.Null(account.TryReserve(key, 1, 0));
        time.Now += TimeSpan.FromSeconds(20);
        Assert.Null(account.TryReserve(key, 1, 0));
        Assert.Equal(TimeSpan.FromSeconds(40), account.TryReserve(key, 1, 0)!.Value.Wait);
        time.Now += TimeSpan.FromSeconds(40);
        Assert.Null(account.TryReserve(key, 1, 0));
    }

    [Fact]
    public void What_was_spent_survives_a_kill_and_a_line_that_it_cut_is_dropped()
    {
        var call = new CallRecord("k1", DateTimeOffset.UnixEpoch, "Chat", "openai:x", 200, BlobHash.OfText("q"), default, new(7, 3), 0.5m, 12);
        using (var keys = new GatewayKeys(_state, TimeProvider.System))
        {
            keys.Record(call);
            keys.Record(call with { Error = "cut" });
        }

        var log = Path.Combine(_state, "gateway-calls.jsonl");
        File.AppendAllText(log, "{\"key\":\"k1\",\"us");
        using (var keys = new GatewayKeys(_state, TimeProvider.System))
        {
            Assert.Equal((2L, 20L, 1.0m), (keys.AccountOf("k1").Requests, keys.AccountOf("k1").Tokens, keys.AccountOf("k1").Usd));
            keys.Record(call);
        }

        Assert.Equal(3, File.ReadAllLines(log).Length);
        Assert.Empty(KeyUse.Of(_state, TimeProvider.System));
    }

    [Fact]
    public void A_full_log_is_closed_and_what_was_spent_is_kept_when_its_oldest_files_go()
    {
        var call = new CallRecord("k1", DateTimeOffset.UnixEpoch, "Chat", "openai:x", 200, BlobHash.OfText("q"), default, new(7, 3), 0.5m, 12);
        var bytes = 0L;
        using (var log = new CallLog(_state, TimeProvider.System, (_, _) => { }))
        {
            log.Append(call);
            bytes = new FileInfo(Path.Combine(_state, "gateway-calls.jsonl")).Length;
        }

        using (var log = new CallLog(_state, TimeProvider.System, (_, _) => { }, fileBytes: bytes * 3))
        {
            for (var i = 1; i < 30; i++)
            {
                log.Append(call with { Key = i % 3 == 0 ? "k2" : "k1" });
            }
        }

        var files = Directory.GetFiles(_state, "gateway-calls.*.jsonl");
        Assert.Equal(CallLog.KeptFiles, files.Length);
        Assert.All(files, f => Assert.Equal(3, File.ReadAllLines(f).Length));
        var seen = new Dictionary<string, KeySum>();
        using (new CallLog(_state, TimeProvider.System, (key, sum) => seen[key] = seen.GetValueOrDefault(key) + sum, fileBytes: bytes * 3))
        {
            Assert.Equal(new KeySum(21, 210, 10.5m), seen["k1"]);
            Assert.Equal(new KeySum(9, 90, 4.5m), seen["k2"]);
            Assert.Equal(seen, new CallFiles(_state).Total());
        }
    }

    [Fact]
    public void A_kill_between_closing_a_file_and_counting_it_counts_nothing_twice_and_loses_nothing()
    {
        var call = new CallRecord("k1", DateTimeOffset.UnixEpoch, "Chat", "openai:x", 200, BlobHash.OfText("q"), default, new(7, 3), 0.5m, 12);
        using (var log = new CallLog(_state, TimeProvider.System, (_, _) => { }))
        {
            log.Append(call);
            log.Append(call);
        }

        var files = new CallFiles(_state);
        File.Move(files.Open, files.Closed(1));
        Assert.Equal(new KeySum(2, 20, 1m), files.Total()["k1"]);
        for (var start = 0; start < 2; start++)
        {
            var seen = default(KeySum);
            using (new CallLog(_state, TimeProvider.System, (_, sum) => seen += sum))
            {
                Assert.Equal(new KeySum(2, 20, 1m), seen);
            }
        }

        File.WriteAllText(Path.Combine(_state, "gateway-sums.json"), "{");
        Assert.Throws<InvalidDataException>(() => new CallLog(_state, TimeProvider.System, (_, _) => { }));
    }

    private sealed class Steps : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
