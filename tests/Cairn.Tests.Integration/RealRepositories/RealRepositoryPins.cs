using System.Collections.Immutable;

namespace Cairn.Tests.Integration.RealRepositories;

/// <summary>Where a project's package comes from.</summary>
internal enum PackageSource
{
    /// <summary>The upstream tarball of a Debian source package, the same on Debian and Ubuntu.</summary>
    Debian,

    /// <summary>A tarball of the npm registry.</summary>
    Npm,
}

/// <summary>
/// One line of a project, right and deliberately wrong. Each stands exactly once in its version of the file. Their lengths
/// differ where Python compiles the file: it knows a changed source by its size and the second of its change.
/// </summary>
internal sealed record DeliberateBreak(string Path, string Right, string Wrong);

/// <summary>A project that is not ours, at one version.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">The upstream version.</param>
/// <param name="Licence">SPDX id.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Package">The package's name there.</param>
/// <param name="File">The tarball's name there.</param>
/// <param name="Sha256">Of the tarball.</param>
/// <param name="TestCommand">Runs its tests, for a shell in its root; needs no network.</param>
/// <param name="Break">A change that makes its own tests fail.</param>
internal sealed record RealRepositoryPin(
    string Name,
    string Version,
    string Licence,
    PackageSource Source,
    string Package,
    string File,
    string Sha256,
    string TestCommand,
    DeliberateBreak Break)
{
    /// <summary>Commands that the tests use, with the Debian package of each.</summary>
    public ImmutableArray<(string Command, string Package)> Needs { get; init; } = [];

    /// <summary>What stands in .gitignore when the tarball brings none: what tests and builds leave behind.</summary>
    public string Ignored { get; init; } = "";

    /// <summary>An embedded package-lock.json of what the tests need in node_modules; null when they need nothing.</summary>
    public string? NodeLock { get; init; }
}

/// <summary>The projects of other people that tests work on: one each in Python, JavaScript and C.</summary>
internal static class RealRepositoryPins
{
    public static ImmutableArray<RealRepositoryPin> All { get; } =
    [
        new("xmltodict", "0.13.0", "MIT", PackageSource.Debian, "python-xmltodict", "python-xmltodict_0.13.0.orig.tar.gz",
            "d74f4099d42bcca273ffd3bc9766abaa8765960eabc4399f2a6ad48cb4f58ce0",
            "/usr/bin/python3 -m unittest discover -s tests",
            new("xmltodict.py", "item[key] = [value, data]", "item[key] = [value]"))
        {
            Needs = [("/usr/bin/python3", "python3")],
        },
        new("minimist", "1.2.8", "MIT", PackageSource.Npm, "minimist", "minimist-1.2.8.tgz",
            "350a76c115b393c19d24654834261e5dc9f0e8cc5e08f3937fa80140f3e4ce83",
            "node node_modules/tape/bin/tape 'test/*.js'",
            new("index.js", "(/^0x[0-9a-f]+$/i)", "(/^0x[0-9]+$/i)"))
        {
            Needs = [("node", "nodejs"), ("npm", "npm")],
            Ignored = "node_modules/\n",
            NodeLock = "tape-3.6.1.package-lock.json",
        },
        new("http-parser", "2.9.4", "MIT", PackageSource.Debian, "http-parser", "http-parser_2.9.4.orig.tar.gz",
            "467b9e30fd0979ee301065e70f637d525c28193449e1b13fbcb1b1fab3ad224f",
            "make -s test_fast && stdbuf -oL ./test_fast",
            new("http_parser.c", "parser->status_code == 204 ||", "parser->status_code == 205 ||"))
        {
            Needs = [("gcc", "gcc"), ("/usr/include/stdio.h", "libc6-dev"), ("make", "make")],
        },
    ];
}
