#!/usr/bin/python3
"""The house rules that a compiler cannot see, checked over every C file of daemon/.

    structure.py DAEMON      reads the tree; each broken rule is one line, exit 1 when there is any
    structure.py --self-test proves on made-up trees that each rule can fail (bad_trees.py)

The rules are the layer table of docs/architecture.md: who may include whom, which library and which system header
belongs to which folder, no SQL in C, logging only at the top, and the sizes of files and functions.
"""
import pathlib
import re
import statistics
import sys
import tempfile

# Who sees whom: arrows point downward only, and luzmo/ and postgres/ never see each other.
LAYERS = {
    "main": {"commands", "base"},
    "commands": {"commands", "service", "core", "base"},
    "service": {"service", "luzmo", "postgres", "core", "base"},
    "luzmo": {"luzmo", "core", "base"},
    "postgres": {"postgres", "core", "base"},
    "core": {"core", "base"},
    "base": {"base"},
}

# Which folder may know which library, by the beginning of the header's name.
LIBRARIES = {
    "openssl/": {"base"},
    "xxhash.h": {"base"},
    "jansson.h": {"core"},
    "curl/": {"luzmo"},
    "libpq-fe.h": {"postgres"},
    "uv.h": {"luzmo", "postgres", "service"},
    "confuse.h": {"service"},
    "systemd/": {"service"},
}

# Headers of the C library and the compiler that compute and touch nothing outside: for everybody.
PURE_HEADERS = set("""
    assert.h ctype.h emmintrin.h endian.h errno.h float.h inttypes.h limits.h locale.h math.h stdalign.h stdarg.h
    stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h wchar.h wctype.h
""".split())

# Headers that reach files, processes, clocks or the network: not for core/.
SYSTEM_HEADERS = set("""
    arpa/inet.h dirent.h fcntl.h getopt.h grp.h netdb.h netinet/in.h netinet/tcp.h poll.h pthread.h pwd.h
    signal.h sys/file.h sys/ioctl.h sys/mman.h sys/prctl.h sys/random.h sys/resource.h sys/socket.h sys/stat.h
    sys/time.h sys/types.h sys/uio.h sys/un.h sys/wait.h sysexits.h termios.h time.h unistd.h
""".split())

# Headers of our own that are not for all who may see their folder.
RESERVED_HEADERS = {
    "base/log.h": {"base", "service", "commands"},
    "base/clock.h": {"base", "luzmo", "service", "commands"},
}

# Words that a folder must not use although their header is allowed: core/ is handed values, not streams.
FORBIDDEN_WORDS = {
    "core": re.compile(r"\b(?:FILE|stdin|stdout|stderr)\b"
                       r"|\b(?:printf|puts|getenv|system|exit|rand|random)(?= *\()"),
}

LOG_CALL = re.compile(r"\blog_(?:event|write)\s*\(")
LOGGING_FOLDERS = {"service", "commands"}

# A text that begins as a statement does, or has a clause inside.
SQL = re.compile(
    r"^\s*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|CREATE|ALTER|DROP|TRUNCATE|COPY|GRANT|REVOKE|LOCK|SET|RESET"
    r"|BEGIN|COMMIT|ROLLBACK|EXPLAIN|DO|CALL|LISTEN|NOTIFY|PREPARE|EXECUTE|DEALLOCATE|COMMENT ON)(?:\s|;|$)"
    r"|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|WHERE|VALUES|RETURNING|ON CONFLICT) ")

FILE_LINES = 600
FUNCTION_LINES = 80
LONG_FUNCTIONS = {("core/cycle.c", "cycle_step")}  # the step function of the machine, its diagram above it

STRING = r'"(?:\\.|[^"\\\n])*"'
TOKEN = re.compile(rf"//[^\n]*|/\*.*?\*/|{STRING}(?:\s*{STRING})*|'(?:\\.|[^'\\\n])*'", re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
FUNCTION = re.compile(r"^\w[^;={}#]*?\b(?P<name>\w+)\([^;{}]*?\)\s*^\{$(?P<body>.*?)^\}",
                      re.MULTILINE | re.DOTALL)


class Source:
    """One file, taken apart: what it includes, its string literals, its code without either."""

    def __init__(self, name, text):
        self.name = name
        self.folder = name.split("/")[0] if "/" in name else name.removesuffix(".c")
        self.module = module_of(name)
        self.lines = text.count("\n")
        uncommented = TOKEN.sub(lambda token: blank(token[0]) if token[0].startswith("/") else token[0], text)
        self.includes = [(line_at(text, match.start()), match[1], match[2])
                         for match in INCLUDE.finditer(uncommented)]
        directives_gone = INCLUDE.sub(lambda match: blank(match[0]), uncommented)
        self.literals = [(line_at(text, token.start()), "".join(piece[1:-1] for piece in re.findall(STRING, token[0])))
                         for token in TOKEN.finditer(directives_gone) if token[0].startswith('"')]
        self.code = TOKEN.sub(lambda token: blank(token[0]), uncommented)

    def functions(self):
        """Name and number of lines, braces included, of each function defined here."""
        for match in FUNCTION.finditer(self.code):
            yield match["name"], match["body"].count("\n") + 1


def module_of(name):
    """A module is a header with its source file; module_private.h is the part of it that its helpers share."""
    return re.sub(r"(_private)?\.[ch]$", "", name)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def check_own_include(source, header):
    folder = header.split("/")[0]
    if "/" not in header or folder not in LAYERS:
        return f'"{header}" is not of the form "folder/module.h"'
    if folder not in LAYERS[source.folder]:
        return f"{source.folder}/ must not see {folder}/ ({header})"
    if header.endswith("_private.h") and not source.module.startswith(module_of(header)):
        return f"{header} is for {module_of(header)} and its helpers only"
    if source.folder not in RESERVED_HEADERS.get(header, LAYERS):
        return f"{source.folder}/ must not use {header}"
    return None


def check_foreign_include(source, header):
    for beginning, folders in LIBRARIES.items():
        if header.startswith(beginning):
            return None if source.folder in folders else f"{source.folder}/ must not know the library of <{header}>"
    if header in PURE_HEADERS:
        return None
    if header not in SYSTEM_HEADERS:
        return f"<{header}> belongs to nobody yet: name its folders in tests/unit/structure/structure.py"
    if source.folder == "core":
        return f"core/ must not reach outside the process (<{header}>)"
    return None


def check_includes(source):
    for line, bracket, header in source.includes:
        complaint = (check_own_include if bracket == '"' else check_foreign_include)(source, header)
        if complaint:
            yield f"{source.name}:{line}: {complaint}"


def check_words(source):
    forbidden = FORBIDDEN_WORDS.get(source.folder)
    for match in forbidden.finditer(source.code) if forbidden else ():
        yield f"{source.name}:{line_at(source.code, match.start())}: {source.folder}/ must not use {match[0]}"
    if source.folder not in LOGGING_FOLDERS and source.module != "base/log":
        for match in LOG_CALL.finditer(source.code):
            yield f"{source.name}:{line_at(source.code, match.start())}: only service/ and commands/ log"
    for line, literal in source.literals:
        if SQL.search(literal):
            yield f'{source.name}:{line}: SQL belongs in sql/, not into a C string: "{literal}"'


def check_sizes(source):
    if source.lines > FILE_LINES:
        yield f"{source.name}: {source.lines} lines, at most {FILE_LINES} are allowed"
    for name, lines in source.functions():
        if lines > FUNCTION_LINES and (source.name, name) not in LONG_FUNCTIONS:
            yield f"{source.name}: {name} has {lines} lines, at most {FUNCTION_LINES} are allowed"


def check_cycles(sources):
    """Going from module to module along the includes must never lead back to where one was."""
    graph = {source.module: set() for source in sources}
    for source in sources:
        used = {module_of(header) for _, bracket, header in source.includes if bracket == '"'}
        graph[source.module] |= (used & graph.keys()) - {source.module}
    finished = set()
    for start in sorted(graph):
        cycle = find_cycle(graph, start, [], finished)
        if cycle:
            yield "include cycle: " + " -> ".join(cycle)


def find_cycle(graph, module, path, finished):
    if module in path:
        return path[path.index(module):] + [module]
    if module in finished:
        return None
    for used in sorted(graph[module]):
        cycle = find_cycle(graph, used, path + [module], finished)
        if cycle:
            finished.update(cycle)
            return cycle
    finished.add(module)
    return None


def read_tree(root):
    paths = sorted(path for path in pathlib.Path(root).rglob("*") if path.suffix in (".c", ".h"))
    return [Source(str(path.relative_to(root)), path.read_text(encoding="utf-8")) for path in paths]


def complaints_about(sources):
    strangers = [source for source in sources if source.folder not in LAYERS]
    yield from (f"{source.name}: {source.folder}/ is not in the layer table" for source in strangers)
    sources = [source for source in sources if source.folder in LAYERS]
    for source in sources:
        yield from check_includes(source)
        yield from check_words(source)
        yield from check_sizes(source)
    yield from check_cycles(sources)


def describe(sources):
    lengths = sorted(lines for source in sources for _, lines in source.functions())
    if not lengths:
        return f"{len(sources)} files without a function"
    return (f"{len(sources)} files, {len(lengths)} functions: median {statistics.median(lengths):.0f} lines, "
            f"95 % at most {lengths[(len(lengths) * 95 - 1) // 100]}, longest {lengths[-1]}")


def check_tree(root):
    sources = read_tree(root)
    complaints = list(complaints_about(sources)) if sources else [f"{root}: no C file found"]
    for complaint in complaints:
        print(complaint)
    print(describe(sources))
    return 1 if complaints else 0


def self_test():
    from bad_trees import GOOD_TREE, BAD_TREES
    failures = 0
    for title, files, expected in [("the good tree", {}, None), *BAD_TREES]:
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**GOOD_TREE, **files}.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            found = list(complaints_about(read_tree(root)))
        good = len(found) == 1 and expected in found[0] if expected else not found
        failures += not good
        print(f"{'ok    ' if good else 'FAILED'} {title}: {'; '.join(found) or 'nothing to complain about'}")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        return check_tree(arguments[0])
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
