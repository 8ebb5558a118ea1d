using System.Collections.Frozen;

namespace Cairn.Memory.Grounding;

/// <summary>Names that Python itself has, of version 2 as well, and packages whose import has another name than they.</summary>
internal static class PythonNames
{
    public static FrozenSet<string> BuiltIn { get; } = Words(
        """
        abs aiter all anext any apply ascii basestring bin bool breakpoint buffer bytearray bytes callable chr classmethod cmp coerce compile complex copyright credits
        delattr dict dir divmod enumerate eval exec execfile exit file filter float format frozenset getattr globals hasattr hash help hex id input int intern isinstance
        issubclass iter len license list locals long map max memoryview min next object oct open ord pow print property quit range raw_input reduce reload repr reversed
        reveal_type round set setattr slice sorted staticmethod str sum super tuple type unichr unicode vars xrange zip __import__ __build_class__ _ gettext ngettext
        and as assert async await break class continue def del elif else except finally for from if import in is lambda match case nonlocal not or pass raise return try while with yield None True False
        ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError BufferError BytesWarning ChildProcessError
        ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError EncodingWarning EnvironmentError Exception ExceptionGroup
        FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError InterruptedError
        IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError NotImplementedError OSError OverflowError
        PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StandardError
        StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError
        UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError
        """);

    public static FrozenSet<string> Library { get; } = Words(
        """
        __future__ __main__ _thread abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect builtins bz2 cProfile
        calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall compression concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses
        dataclasses datetime dbm decimal difflib dis distutils doctest dummy_threading email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch formatter
        fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress
        itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath
        nturl2path numbers opcode operator optparse os ossaudiodev parser pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats
        pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal
        site sitecustomize smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symbol symtable sys
        sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty
        turtle turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport
        zlib zoneinfo BaseHTTPServer Bastion CGIHTTPServer ConfigParser Cookie DocXMLRPCServer HTMLParser HTMLParser MimeWriter Queue SimpleHTTPServer SimpleXMLRPCServer SocketServer StringIO
        Tkinter UserDict UserList UserString __builtin__ anydbm cPickle cStringIO commands cookielib copy_reg dbhash dummy_thread exceptions fpformat gdbm htmlentitydefs htmllib httplib ihooks
        md5 mhlib mimetools mimify mutex new popen2 repr rexec rfc822 robotparser sets sgmllib sha statvfs stringold thread tkFileDialog unittest2 urllib2 urlparse user whichdb xmlrpclib
        """);

    /// <summary>The package that brings an import, where it has another name.</summary>
    public static FrozenDictionary<string, string[]> Packages { get; } = new Dictionary<string, string[]>
    {
        ["yaml"] = ["pyyaml"], ["PIL"] = ["pillow"], ["cv2"] = ["opencv"], ["sklearn"] = ["scikit-learn"], ["bs4"] = ["beautifulsoup4"], ["dateutil"] = ["python-dateutil"],
        ["dotenv"] = ["python-dotenv"], ["jwt"] = ["pyjwt"], ["attr"] = ["attrs"], ["pkg_resources"] = ["setuptools"], ["OpenSSL"] = ["pyopenssl"], ["Crypto"] = ["pycryptodome", "pycrypto"],
        ["psycopg2"] = ["psycopg2-binary"], ["MySQLdb"] = ["mysqlclient"], ["serial"] = ["pyserial"], ["git"] = ["gitpython"], ["magic"] = ["python-magic"], ["zmq"] = ["pyzmq"],
        ["_pytest"] = ["pytest"], ["py"] = ["pytest"], ["mock"] = ["mock", "pytest"], ["skimage"] = ["scikit-image"], ["jose"] = ["python-jose"], ["nacl"] = ["pynacl"], ["slugify"] = ["python-slugify"],
        ["werkzeug"] = ["flask"], ["jinja2"] = ["flask", "django"], ["markupsafe"] = ["jinja2", "flask"], ["itsdangerous"] = ["flask"], ["click"] = ["flask"], ["blinker"] = ["flask"],
        ["starlette"] = ["fastapi"], ["pydantic"] = ["fastapi"], ["numpy"] = ["pandas", "scipy"], ["urllib3"] = ["requests"], ["certifi"] = ["requests"], ["idna"] = ["requests"], ["chardet"] = ["requests"],
        ["cryptography"] = ["pyopenssl", "requests"], ["setuptools"] = ["setuptools"], ["pip"] = ["pip"], ["wheel"] = ["wheel"],
    }.ToFrozenDictionary();

    private static FrozenSet<string> Words(string text) => text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
