"""Runs every test executable and sums up. Called by `./cairn test`, which builds first.

Arguments: a folder for the result files, then filters. A filter is part of a test's full name (namespace, class or
method); what begins with a dash goes to the test executables as it is.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

TESTS = pathlib.Path(__file__).resolve().parent
FRAMEWORK = "net10.0"
SUITE_SECONDS = int(os.environ.get("CAIRN_TEST_TIMEOUT", "1800"))
MESSAGE_LINES = 25
OUTPUT_LINES = 40


class Interrupted(Exception):
    """Somebody stopped the tests; the argument is the signal's number."""


class Suite:
    """One test executable: its counts, and its failures as (name, message). A broken suite is one failure more."""

    def __init__(self, project):
        self.name = project.stem
        self.program = project.parent / "bin" / "Release" / FRAMEWORK / project.stem
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.skips = []
        self.seconds = 0.0

    def run(self, results, options):
        result = results / f"{self.name}.xml"
        log = results / f"{self.name}.log"
        for old in (result, log):
            old.unlink(missing_ok=True)
        started = time.monotonic()
        try:
            code = self._execute(result, log, options)
            self._read(result)
            if self.total == 0 and not options:
                self._broke("it holds no test", log)
            elif self.failed == 0 and code != 0:
                self._broke(f"it exited with code {code} although no test failed", log)
        except subprocess.TimeoutExpired:
            self._broke(f"it was stopped after {SUITE_SECONDS} s (CAIRN_TEST_TIMEOUT)", log)
        except (OSError, xml.ParseError, KeyError, ValueError) as error:
            self._broke(f"it left no valid result file: {error}", log)
        finally:
            self.seconds = time.monotonic() - started

    @property
    def total(self):
        return self.passed + self.failed + self.skipped

    def _execute(self, result, log, options):
        command = [str(self.program), "-noLogo", "-noColor", "-reporter", "quiet", "-xml", str(result), *options]
        with log.open("wb") as output:
            # A session of its own: no terminal to wait on, and one group to stop.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                return process.wait(SUITE_SECONDS)
            except BaseException:
                stop(process)
                raise

    def _read(self, result):
        assemblies = xml.parse(result).getroot().findall("assembly")
        if not assemblies:
            raise ValueError("it names no assembly")
        for assembly in assemblies:
            self.passed += int(assembly.attrib["passed"])
            self.failed += int(assembly.attrib["failed"])
            self.skipped += int(assembly.attrib["skipped"])
            for error in assembly.iter("error"):
                self.failed += 1
                self._note(error.get("name") or error.get("type") or "outside a test", error)
            for test in assembly.iter("test"):
                if test.get("result") == "Fail":
                    self._note(test.get("name"), test)
                elif test.get("result") == "Skip":
                    self.skips.append((test.get("name"), (test.findtext("reason") or "").strip()))

    def _note(self, name, element):
        message = (element.findtext(".//message") or "no message").strip()
        trace = (element.findtext(".//stack-trace") or "").strip()
        self.failures.append((name, message + ("\n" + trace if trace else "")))

    def _broke(self, what, log):
        self.failed += 1
        tail = ""
        if log.exists():
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-OUTPUT_LINES:])
        self.failures.append((self.name, f"The suite broke: {what}.\n{tail}".rstrip()))


def stop(process):
    """Ends a suite with everything in its process group."""
    for number, patience in ((signal.SIGINT, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def suites():
    for project in sorted(TESTS.glob("*/*.csproj")):
        if re.search(r"<OutputType>\s*Exe\s*</OutputType>", project.read_text(encoding="utf-8"), re.IGNORECASE):
            yield Suite(project)


def options_for(arguments):
    """Filters become -method patterns, which look at the whole name; options pass through."""
    options = []
    takes_value = False
    for argument in arguments:
        if argument.startswith("-") or takes_value:
            options.append(argument)
            takes_value = argument.startswith("-") and argument.lower().rstrip("-") in (
                "-class", "-method", "-namespace", "-trait", "-filter", "-id", "-maxthreads", "-parallel")
        else:
            options += ["-method", f"*{argument}*"]
    return options


def report(suite):
    mark = "FAILED" if suite.failed else "none" if suite.total == 0 else "ok"
    print(f"{suite.name:<32} {mark:<6} {suite.passed} passed, {suite.failed} failed, {suite.skipped} skipped "
          f"in {suite.seconds:.1f} s", flush=True)


def list_failures(ran):
    for suite in ran:
        for name, reason in suite.skips:
            print(f"\nSkipped: {name}\n    {reason}")
    for suite in ran:
        for name, message in suite.failures:
            lines = message.splitlines()
            shown = lines if len(lines) <= MESSAGE_LINES + OUTPUT_LINES else [*lines[:MESSAGE_LINES], "…"]
            print(f"\nFailed: {name}")
            print("\n".join("    " + line for line in shown))


def interrupt(number, _frame):
    raise Interrupted(number)


def main():
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    results = pathlib.Path(sys.argv[1])
    results.mkdir(parents=True, exist_ok=True)
    options = options_for(sys.argv[2:])
    ran = []
    code = 0
    try:
        for suite in suites():
            ran.append(suite)
            suite.run(results, options)
            report(suite)
    except Interrupted as stopped:
        print(f"\nStopped during {ran[-1].name}.")
        code = 128 + stopped.args[0]
    list_failures(ran)
    passed, failed, skipped = (sum(getattr(suite, part) for suite in ran) for part in ("passed", "failed", "skipped"))
    if passed + failed == 0:
        print("\nNo test ran" + (": no test's name contains the filter." if options else "."))
        code = code or 1
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return code or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main())
