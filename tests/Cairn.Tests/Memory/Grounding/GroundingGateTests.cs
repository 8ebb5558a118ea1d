using Cairn.Memory.Grounding;

namespace Cairn.Tests.Memory.Grounding;

public sealed class GroundingGateTests
{
    private static readonly TextView Shop = new(
        ("requirements.txt", "flask\nPyYAML>=5\n"),
        ("shop/__init__.py", ""),
        ("shop/users.py", "import os\n\ndef find_user(email):\n    return email\n\nclass Store:\n    pass\n"),
        ("shop/orders.py", "from shop.users import find_user\n\ndef total(lines):\n    return sum(lines)\n"),
        ("tests/test_users.py", "from shop.users import find_user\n\ndef test_finds():\n    assert find_user('a')\n"),
        ("db/001.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, plan text DEFAULT 'free');\n"),
        ("db/002.sql", "CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users(id), note text);\nALTER TABLE users ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();\nALTER TABLE users DROP COLUMN plan;\n"),
        ("web/package.json", "{\"name\":\"web\",\"scripts\":{\"test\":\"vitest\",\"build\":\"tsc\"},\"dependencies\":{\"react\":\"1\"}}"),
        ("web/src/sum.ts", "export function total(lines: number[]) { return lines.length; }\nexport const zero = 0;\n"),
        ("web/src/cart.ts", "import { total } from './sum';\nexport const pay = () => total([]);\n"),
        ("Makefile", "all: build\nbuild:\n\ttrue\n.PHONY: all build\n"));

    [Theory]
    [InlineData("ALTER TABLE usres ADD COLUMN x int;", "table", "usres", "users", true)]
    [InlineData("INSERT INTO users (id, email, plan) VALUES (1, 'a', 'b');", "column", "users.plan", "users", true)]
    [InlineData("INSERT INTO users (id, mail) VALUES (1, 'a');", "column", "users.mail", "users.email", true)]
    [InlineData("INSERT INTO users (id) VALUES (1);", "not-null", "users.email", "users.email", true)]
    [InlineData("INSERT INTO users (id, email) VALUES (1, NULL);", "not-null", "users.email", "users", true)]
    [InlineData("UPDATE users SET email = NULL WHERE id = 1;", "not-null", "users.email", "users", true)]
    [InlineData("ALTER TABLE orders ADD COLUMN created_at timestamptz NOT NULL DEFAULT NULL;", "not-null", "orders.created_at", "orders", true)]
    [InlineData("ALTER TABLE orders ADD COLUMN paid_at timestamptz NOT NULL;", "not-null", "orders.paid_at", "orders", true)]
    [InlineData("ALTER TABLE users ALTER COLUMN email SET DEFAULT NULL;", "not-null", "users.email", "users", true)]
    [InlineData("CREATE INDEX i ON orders (usr_id);", "column", "orders.usr_id", "orders.user_id", true)]
    [InlineData("CREATE TABLE x (u bigint REFERENCES user_s(id));", "table", "user_s", "users", false)]
    public void A_migration_that_does_not_fit_the_schema_is_found(string sql, string kind, string name, string near, bool certain)
    {
        var finding = Assert.Single(Shop.Write("db/003.sql", sql), each => each.Kind == kind);
        Assert.Equal((name, 1, certain), (finding.Name, finding.Line, finding.Certain));
        Assert.Contains(finding.Nearest, place => place.Name == near && !place.Version.IsNone);
    }

    [Theory]
    [InlineData("ALTER TABLE users ADD COLUMN age int NOT NULL DEFAULT 0; UPDATE users SET age = 1; CREATE INDEX a ON users (age);")]
    [InlineData("CREATE TABLE t AS SELECT * FROM users; INSERT INTO t (whatever) VALUES (1);")]
    [InlineData("CREATE TABLE new_users (id int); INSERT INTO new_users (id) SELECT id FROM users; DROP TABLE users; ALTER TABLE new_users RENAME TO users;")]
    [InlineData("WITH a AS (SELECT * FROM users), b AS (SELECT * FROM a) INSERT INTO orders (user_id) SELECT id FROM b JOIN generate_series(1, 2) g ON true;")]
    [InlineData("SELECT extract(year FROM created_at) FROM users u JOIN pg_class c ON true WHERE a IS DISTINCT FROM b;")]
    [InlineData("CREATE TABLE k (id int PRIMARY KEY, key text NOT NULL, PRIMARY KEY (id), KEY by_key (key)); INSERT INTO k (id, key) VALUES (1, 'a');")]
    [InlineData("DROP TABLE IF EXISTS nothing; ALTER TABLE IF EXISTS nothing ADD COLUMN x int;")]
    [InlineData("-- ALTER TABLE nothing\nINSERT INTO users (id, email) VALUES (1, 'INSERT INTO nothing (x)');")]
    [InlineData("-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE nothing; ALTER TABLE nothing ADD x int;")]
    public void A_migration_that_fits_has_no_findings(string sql) => Assert.Empty(Shop.Write("db/003.sql", sql));

    [Theory]
    [InlineData("from shop.user import find_user\n", "import", "shop.user", "shop/users.py")]
    [InlineData("from shop.users import find_usr\n", "import", "shop.users.find_usr", "find_user")]
    [InlineData("import os\nimport reqests\n", "package", "reqests", null)]
    [InlineData("def f():\n    return fnd_user(1)\n", "name", "fnd_user", null)]
    [InlineData("from unittest import mock\n@mock.patch('shop.mailer.send')\ndef test_a(m):\n    pass\n", "test", "shop.mailer.send", null)]
    [InlineData("from unittest import mock\n@mock.patch('shop.users.find_usr')\ndef test_a(m):\n    pass\n", "test", "shop.users.find_usr", "find_user")]
    public void Python_that_names_what_is_not_there_is_found(string text, string kind, string name, string? near)
    {
        var finding = Assert.Single(Shop.Write("tests/test_new.py", text));
        Assert.Equal((kind, name), (finding.Kind, finding.Name));
        Assert.True(near is null || finding.Nearest.Any(place => place.Name == near));
    }

    [Theory]
    [InlineData("import yaml, flask, json\nfrom shop import users\nfrom shop.users import (\n    find_user as f,  # a\n    Store,\n)\nf(1); Store()\n")]
    [InlineData("try:\n    import simplejson\nexcept ImportError:\n    simplejson = None\nif True:\n    import tomli\n")]
    [InlineData("def run(callback, *more, **rest):\n    callback()\n    for make, (a, b) in rest: make()\n    with open('x') as f, g() as h: h()\ndef g(): pass\nz = lambda q: q()\n[w() for w in z]\nx = y = int\ny()\n")]
    [InlineData("from somewhere_else_in_try import *\n")]
    [InlineData("'''\nfrom nowhere.at_all import nothing\nnothing()\n'''\nprint(\"missing()\")  # missing()\n")]
    public void Python_that_is_right_has_no_findings(string text) =>
        Assert.DoesNotContain(Shop.Write("shop/new.py", text), finding => finding.Kind is not "package" || !text.Contains("somewhere_else", StringComparison.Ordinal));

    [Theory]
    [InlineData("import { totl } from './sum';\n", "import", "./sum#totl", "total")]
    [InlineData("import { x } from './summ';\n", "import", "./summ", "web/src/sum.ts")]
    [InlineData("import preact from 'preactt';\n", "package", "preactt", null)]
    [InlineData("import { total } from './sum';\nexport const a = () => totall([]);\n", "name", "totall", "total")]
    [InlineData("import { total } from './sum';\njest.mock('./mailer');\n", "import", "./mailer", null)]
    public void TypeScript_that_names_what_is_not_there_is_found(string text, string kind, string name, string? near)
    {
        var finding = Assert.Single(Shop.Write("web/src/new.ts", text));
        Assert.Equal((kind, name), (finding.Kind, finding.Name));
        Assert.True(near is null || finding.Nearest.Any(place => place.Name == near));
    }

    [Theory]
    [InlineData("import React, { useState } from 'react';\nimport { total as t, zero } from './sum.js';\nimport fs from 'node:fs';\nimport p from 'path';\nexport default { render() { return t([zero]); }, async load(x) { const { go } = x; go(); } };\n")]
    [InlineData("const a = /['\"`]/.test(`it's ${b(\"x\")} `);\nfunction b(x) { return x; }\nexport { a };\n")]
    [InlineData("import type { Nothing } from './nothing';\nexport * from './sum';\n// import { x } from './gone'\n")]
    [InlineData("try { require('optional'); } catch {}\nmodule.exports = {};\n")]
    public void TypeScript_that_is_right_has_no_findings(string text) => Assert.Empty(Shop.Write("web/src/new.ts", text));

    [Fact]
    public void A_file_that_goes_is_found_where_others_still_import_it()
    {
        var finding = Assert.Single(Shop.Write("web/src/sum.ts", null));
        Assert.Equal(("web/src/cart.ts", "import", "./sum"), (finding.Path, finding.Kind, finding.Name));
        Assert.Contains(Shop.Write("shop/users.py", "def found():\n    pass\n"), each => each is { Path: "shop/orders.py", Name: "shop.users.find_user" });
    }

    [Fact]
    public void What_was_wrong_before_is_not_told_again()
    {
        var view = new TextView(("a.ts", "import { x } from './gone';\nx();\n"));
        Assert.Empty(view.Write("a.ts", "import { x } from './gone';\nx(1);\n"));
    }

    [Theory]
    [InlineData("pip install -r requirements-dev.txt", "path", "requirements-dev.txt", "requirements.txt")]
    [InlineData("cd shop && cat user.py", "path", "user.py", "shop/users.py")]
    [InlineData("python -m pytest tests/test_user.py -q", "path", "tests/test_user.py", "tests/test_users.py")]
    [InlineData("pytest -x tests/test_users.py::test_find", "test", "tests/test_users.py::test_find", "test_finds")]
    [InlineData("python -m shop.order", "module", "shop.order", "shop/orders.py")]
    [InlineData("cd web && npm run tset", "script", "tset", "test")]
    [InlineData("make biuld", "script", "biuld", "build")]
    [InlineData("psql -c \"SELECT * FROM user_s\"", "table", "user_s", "users")]
    public void A_command_that_names_what_is_not_there_is_found(string line, string kind, string name, string near)
    {
        var finding = Assert.Single(Shop.Run(line));
        Assert.Equal((kind, name), (finding.Kind, finding.Name));
        Assert.Contains(finding.Nearest, place => place.Name == near);
    }

    [Theory]
    [InlineData("mkdir -p new && cat new/file.txt")]
    [InlineData("echo x > made.txt && cat made.txt")]
    [InlineData("cat $(find . -name x.py) missing.py")]
    [InlineData("npm ci && cat node_modules/x/index.js")]
    [InlineData("ls missing/; grep -r x src; head -n 5 shop/users.py | tail -2")]
    [InlineData("pytest tests -k test_nothing && make && cd web && npm test")]
    [InlineData("cat /etc/passwd ~/x.txt ../y.txt *.py")]
    [InlineData("python - <<'E'\nopen('missing.py')\nE")]
    public void A_command_that_may_be_right_has_no_findings(string line) => Assert.Empty(Shop.Run(line));

    [Fact]
    public void What_an_agent_is_told_names_place_and_version_in_one_line()
    {
        var text = GroundingGate.Describe(Shop.Write("db/003.sql", "ALTER TABLE usres\nADD x int;"));
        Assert.Equal($"- db/003.sql:1: There is no table usres. What exists: users (db/001.sql:1) @{Shop.VersionOf("db/001.sql").Short}.", text);
    }
}
