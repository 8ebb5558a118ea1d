using System.Text.Json.Nodes;
using Cairn.Tests.Integration.EndToEnd;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Guests;

/// <summary>A small repository with a failing test, and scripts of a model that makes each guest mend it with its own tools.</summary>
internal static class GuestFixture
{
    public const string Broken = "module.exports = (a, b) => a - b;\n";
    public const string Mended = "module.exports = (a, b) => a + b;\n";

    private const string Check = "const sum = require('./sum'); if (sum(2, 3) !== 5) { console.error('FAIL'); process.exit(1); } console.log('test passed');\n";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static Task<Scene> SceneAsync() => Scene.NewAsync(("sum.js", Broken), ("test.js", Check));

    /// <summary>The program of a guest, installed from npm at the version of its lock file.</summary>
    public static async Task<string> ProgramAsync(string guest)
    {
        var (lockFile, path) = guest switch
        {
            "codex" => ("codex-0.169.0.package-lock.json", "@openai/codex/bin/codex.js"),
            "opencode" => ("opencode-1.18.33.package-lock.json", "opencode-linux-x64/bin/opencode"),
            _ => ("claude-code-2.1.329.package-lock.json", "@anthropic-ai/claude-code-linux-x64/claude"),
        };
        var program = Path.Combine(await PackageCache.OfUser.NodeModulesAsync(lockFile, Now), path);
        Assert.True(File.Exists(program), program);
        return program;
    }

    public static string[] Arguments(string guest) => guest switch
    {
        "codex" => ["exec", "--skip-git-repo-check", "Mend the test."],
        "opencode" => ["run", "Mend the test."],
        _ => ["-p", "Mend the test.", "--dangerously-skip-permissions"],
    };

    /// <summary>The model's turns: edit, test, say so.</summary>
    public static JsonObject[] Mending(Scene scene, string guest) => guest switch
    {
        "codex" =>
        [
            Script.Turn("I mend it.", Script.Call("exec_command", new { cmd = "sed -i 's/a - b/a + b/' sum.js" })),
            Script.Turn("", Script.Call("exec_command", new { cmd = "node test.js > result.txt; cat result.txt" })),
            Script.Turn("It passes."),
        ],
        "opencode" =>
        [
            Script.Turn("I look.", Script.Call("read", new { filePath = scene.In("sum.js") })),
            Script.Turn("", Script.Call("edit", new { filePath = scene.In("sum.js"), oldString = "a - b", newString = "a + b" })),
            Script.Turn("", Script.Call("bash", new { command = "node test.js > result.txt; cat result.txt", description = "Run the test" })),
            Script.Turn("It passes."),
        ],
        _ =>
        [
            Script.Turn("I look.", Script.Call("Read", new { file_path = scene.In("sum.js") })),
            Script.Turn("", Script.Call("Edit", new { file_path = scene.In("sum.js"), old_string = "a - b", new_string = "a + b" })),
            Script.Turn("", Script.Call("Bash", new { command = "node test.js > result.txt; cat result.txt", description = "Run the test" })),
            Script.Turn("It passes."),
        ],
    };

    /// <summary>A guest of a few lines that asks its model over plain HTTP, as any program could.</summary>
    public static string Plain(Scene scene, string body)
    {
        scene.Put("guest.js", $$"""
            const fs = require('fs');
            const { execSync } = require('child_process');
            const ask = async (messages) => {
              const reply = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
                method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer ' + process.env.OPENAI_API_KEY },
                body: JSON.stringify({ model: 'any', messages, tools: [{ type: 'function', function: { name: 'Bash', parameters: { type: 'object', properties: { command: { type: 'string' } } } } }] }),
              });
              const answer = await reply.json();
              if (!reply.ok) throw new Error(reply.status + ' ' + JSON.stringify(answer));
              return answer.choices[0].message;
            };
            const work = async () => {
              const messages = [{ role: 'user', content: 'go' }];
              for (;;) {
                const said = await ask(messages);
                messages.push(said);
                if (!said.tool_calls) return said.content;
                for (const call of said.tool_calls) {
                  let text;
                  try { text = execSync(JSON.parse(call.function.arguments).command, { encoding: 'utf8', shell: '/bin/sh' }); } catch (e) { text = 'failed: ' + e.status + (e.stderr ?? ''); }
                  messages.push({ role: 'tool', tool_call_id: call.id, content: text });
                }
              }
            };
            (async () => { {{body}} })().catch((e) => { console.error(String(e)); process.exit(7); });
            """);
        return scene.In("guest.js");
    }

    public static JsonObject Bash(string command) => Script.Turn("", Script.Call("Bash", new { command }));
}
