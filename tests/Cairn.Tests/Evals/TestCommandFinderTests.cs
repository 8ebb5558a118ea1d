using Cairn.Evals.Judges;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Evals;

public sealed class TestCommandFinderTests
{
    [Theory]
    [InlineData("Shop.slnx;src/Shop.csproj", "dotnet test Shop.slnx")]
    [InlineData("Shop.csproj", "dotnet test Shop.csproj")]
    [InlineData("Cargo.toml;Makefile=test:", "cargo test")]
    [InlineData("go.mod;main.go", "go test ./...")]
    [InlineData("package.json={\"scripts\":{\"test\":\"node --test\"}}", "npm test")]
    [InlineData("package.json={\"scripts\":{\"test\":\"vitest\"}};pnpm-lock.yaml", "pnpm test")]
    [InlineData("package.json={\"scripts\":{\"test\":\"echo \\\"Error: no test specified\\\" && exit 1\"}}", null)]
    [InlineData("package.json={\"scripts\":[1]}", null)]
    [InlineData("package.json=not json", null)]
    [InlineData("pyproject.toml=[tool.pytest.ini_options];tests/test_a.py", "python3 -m pytest -q")]
    [InlineData("pyproject.toml;src/app/x.py;tests/test_a.py=import pytest", "PYTHONPATH=src python3 -m pytest -q")]
    [InlineData("app.py;tests/test_a.py=import unittest", "python3 -m unittest discover -v -s tests")]
    [InlineData("app.py;tests/__init__.py;tests/test_a.py", "python3 -m unittest discover -v -s tests -t .")]
    [InlineData("app.py;test_app.py=import unittest", "python3 -m unittest -v")]
    [InlineData("CMakeLists.txt=project(x)\nenable_testing()", "cmake -S . -B build && cmake --build build && ctest --test-dir build --output-on-failure")]
    [InlineData("Makefile=all: x\n\ncheck: all", "make check")]
    [InlineData("Makefile=test := 1\nall:", null)]
    [InlineData("README.md", null)]
    [InlineData("$(rm -rf x).sln", null)]
    public void The_command_is_guessed_from_the_files(string files, string? expected)
    {
        var workspace = new InMemoryWorkspace(files.Split(';').Select(f => f.Split('=', 2)).Select(f => (f[0], f.Length > 1 ? f[1] : "")));
        var found = TestCommandFinder.Find(workspace);
        Assert.Equal(expected, found?.Command);
        Assert.True(found is null || found.Reason.Length > 0);
        Assert.Empty(workspace.Commands);
    }

    [Fact]
    public void A_link_is_not_followed_to_read_a_file()
    {
        var workspace = new InMemoryWorkspace();
        workspace.PutLink("package.json", "/dev/zero");
        Assert.Null(TestCommandFinder.Find(workspace));
    }
}
