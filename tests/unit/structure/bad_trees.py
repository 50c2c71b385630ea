"""Made-up trees for structure.py: one that breaks no rule, and what each bad one changes in it.

A bad tree is (what is wrong with it, the files that differ, a part of the only complaint expected).
"""


def function(name, lines, parameters="int a"):
    """A function that has that many lines from the opening brace to the closing one."""
    return f"static int *\n{name}({parameters})\n{{\n" + "    a++;\n" * (lines - 3) + "    return a;\n}\n"


GOOD_TREE = {
    "main.c": '#include "commands/once.h"\n\nint main(void)\n{\n    return once_run();\n}\n',
    "commands/once.h": "int once_run(void);\n",
    "commands/once.c": '#include "commands/once.h"\n#include "base/log.h"\n#include "service/runner.h"\n'
                       'int once_run(void)\n{\n    log_event(1, "SELECTED members UPDATED");\n    return 0;\n}\n',
    "service/runner.h": '#include "core/cycle.h"\n',
    "service/runner.c": '#include "service/runner.h"\n#include "luzmo/client.h"\n#include "postgres/store.h"\n'
                        "#include <uv.h>\n#include <confuse.h>\n#include <unistd.h>\n",
    "luzmo/client.h": '#include "core/model.h"\n',
    "luzmo/client.c": '#include "luzmo/client.h"\n#include <curl/curl.h>\n#include <uv.h>\n',
    "postgres/store.h": '#include "core/model.h"\n',
    "postgres/store_private.h": '#include "postgres/store.h"\n',
    "postgres/store_copy.c": '#include "postgres/store_private.h"\n',
    "postgres/store.c": '#include "postgres/store_private.h"\n#include "postgres/store.h"\n#include <libpq-fe.h>\n'
                        '// log_event("SELECT 1 FROM member")\n'
                        'const char *hint = "select a database, then " /* . */\n    "CREATE SCHEMA rollcall";\n',
    "core/model.h": '#include "base/text.h"\n',
    "core/cycle.h": '#include "core/model.h"\n',
    "core/cycle.c": '#include "core/cycle.h"\n#include <jansson.h>\n#include <stdio.h>\n'
                    '/* #include "core/machine.h", FILE and log_event( are words of a comment */\n'
                    + function("cycle_step", 200) + function("cycle_init", 80),
    "base/text.h": "#include <stddef.h>\n",
    "base/text.c": '#include "base/text.h"\n#include <openssl/evp.h>\n#include <fcntl.h>\n',
    "base/log.h": "#define log_event(level, name) log_write(level, name)\nvoid log_write(int level, char *name);\n",
    "base/log.c": '#include "base/log.h"\nvoid log_write(int level, char *name)\n{\n    (void)level, (void)name;\n}\n',
    "base/clock.h": "",
}

BAD_TREES = [
    # Cycles
    ("two headers include each other",
     {"core/model.h": '#include "core/cycle.h"\n'}, "include cycle: core/cycle -> core/model -> core/cycle"),
    ("a source file closes the circle",
     {"core/model.c": '#include "core/model.h"\n#include "core/cycle.h"\n'}, "include cycle: core/cycle"),
    ("a circle of three, one of them across a comment",
     {"base/text.h": '#include /* */ "base/a.h"\n', "base/a.h": '#  include "base/b.h"\n',
      "base/b.c": '#include "base/text.h"\n', "base/b.h": ""},
     "include cycle: base/a -> base/b -> base/text -> base/a"),
    # Layers
    ("upward", {"base/text.h": '#include "core/diff.h"\n', "core/diff.h": ""}, "base/ must not see core/"),
    ("sideways", {"luzmo/client.h": '#include "postgres/store.h"\n'}, "luzmo/ must not see postgres/"),
    ("sideways, the other way", {"postgres/x.c": '#include "luzmo/client.h"\n'}, "postgres/ must not see luzmo/"),
    ("past a layer", {"commands/x.c": '#include "postgres/store.h"\n'}, "commands/ must not see postgres/"),
    ("the core looks up", {"core/x.c": '#include "service/runner.h"\n'}, "core/ must not see service/"),
    ("without a folder", {"core/x.c": '#include "model.h"\n'}, 'not of the form "folder/module.h"'),
    ("another module's private header", {"postgres/copy.c": '#include "postgres/store_private.h"\n'},
     "postgres/store_private.h is for postgres/store and its helpers only"),
    ("a folder beside the table", {"helpers/x.c": ""}, "helpers/ is not in the layer table"),
    # Libraries and system headers
    ("libuv in the core", {"core/x.c": "#include <uv.h>\n"}, "core/ must not know the library of <uv.h>"),
    ("curl in the service", {"service/x.c": "#include <curl/multi.h>\n"}, "service/ must not know"),
    ("libpq beside the database", {"luzmo/x.c": "#include <libpq-fe.h>\n"}, "luzmo/ must not know"),
    ("jansson beside the core", {"postgres/x.c": "#include <jansson.h>\n"}, "postgres/ must not know"),
    ("libconfuse below the service", {"base/x.c": "#include <confuse.h>\n"}, "base/ must not know"),
    ("libuv in a command", {"commands/x.c": "#include <uv.h>\n"}, "commands/ must not know"),
    ("a library nobody has heard of", {"base/x.c": "#include <zlib.h>\n"}, "belongs to nobody yet"),
    ("files in the core", {"core/x.c": "#include <fcntl.h>\n"}, "core/ must not reach outside"),
    ("a clock in the core", {"core/x.h": "#include <time.h>\n"}, "core/ must not reach outside"),
    ("our own clock in the core", {"core/x.c": '#include "base/clock.h"\n'}, "core/ must not use base/clock.h"),
    ("a stream in the core", {"core/x.c": "void x(FILE *file);\n"}, "core/ must not use FILE"),
    ("output in the core", {"core/x.c": "int random = snprintf(0, 0, 0);\nint y = printf(0);\n"},
     "x.c:2: core/ must not use printf"),
    # SQL and logging
    ("a query", {"postgres/x.c": 'const char *x = "SELECT 1";\n'}, "SQL belongs in sql/"),
    ("a query in pieces", {"postgres/x.c": 'const char *x = "/* all */ "\n    "DELETE FROM member";\n'},
     "SQL belongs in sql/"),
    ("an insertion", {"service/x.c": 'const char *x = "WITH x AS (INSERT INTO y)";\n'}, "SQL belongs in sql/"),
    ("an update", {"service/x.c": 'const char *x = "  UPDATE member SET";\n'}, "SQL belongs in sql/"),
    ("a bare COMMIT", {"postgres/x.c": 'const char *x = "COMMIT";\n'}, "SQL belongs in sql/"),
    ("the postgres room logs", {"postgres/x.c": 'void x(void)\n{\n    log_event (1, "x");\n}\n'},
     "only service/ and commands/ log"),
    ("the luzmo room has the log's header", {"luzmo/x.c": '#include "base/log.h"\n'}, "luzmo/ must not use base/log.h"),
    # Sizes
    ("a long file", {"base/x.c": "\n" * 601}, "601 lines, at most 600"),
    ("a long function", {"core/x.c": function("x", 81)}, "x has 81 lines, at most 80"),
    ("a long function beside the step function", {"core/cycle.c": function("cycle_leap", 81)}, "cycle_leap has 81"),
    ("a long step function elsewhere", {"core/x.c": function("cycle_step", 81)}, "cycle_step has 81"),
    ("a long function of many arguments",
     {"core/x.c": "int (*y)(int a);\n" + function("x", 90, "int a,\n  int (*b)(int),\n  int c")}, "x has 90 lines"),
]
