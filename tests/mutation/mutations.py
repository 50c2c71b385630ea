"""The mutations of a C file: which small changes could a mistake be?

Works on tokens, not on a syntax tree: it knows brackets, statements and where an operand ends, which is enough for the
house style of daemon/. A change that does not compile is no mutation; whoever tries it finds that out.
"""

import collections
import dataclasses
import re

TOKEN = re.compile(r"""
    (?P<skip>\s+ | /\*.*?\*/ | //[^\n]* | ^\#(?:[^\n\\]|\\.)*)
  | (?P<text>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
  | (?P<word>[A-Za-z_]\w*)
  | (?P<number>\d[\w.]*)
  | (?P<mark>->|\+\+|--|<<=|>>=|<<|>>|[<>=!+\-*/%&|^]=|&&|\|\||\.\.\.|.)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

# Off by one, the opposite, the other of two.
SWAPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "++": "--",
           "--": "++", "+=": "-=", "-=": "+=", "|=": "&=", "0": "1", "1": "0", "true": "false", "false": "true"}
SWAPPED_BINARY = {"+": "-", "-": "+", "*": "+", "/": "*", "&": "|", "|": "&", "<<": ">>", ">>": "<<"}
TYPES = {"char", "int", "unsigned", "size_t", "uint32_t", "uint64_t", "return"}  # before an asterisk or a sign

LIST_ENDS = {"?", ":", ",", ";", "=", "return"}
OPERAND_ENDS = {"&&": {"&&", "||"} | LIST_ENDS, "||": {"||"} | LIST_ENDS, "?": LIST_ENDS, ";": {";"}, ",": {","}}
GUARDS = {"if", "for", "while", "switch"}
NO_DEEDS = GUARDS | {"do", "else", "case", "default", "struct", "static"}
JUMPS = {"return", "break", "continue"}
DEED_MARKS = {"(", ".", "->", "[", "++", "--"}  # behind the first word of a statement that does something


@dataclasses.dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int
    depth: int  # brackets that are open around it
    function: str  # in whose body it stands; empty: in none


@dataclasses.dataclass
class Mutation:
    name: str  # file, function, what changes: stays the same while lines come and go elsewhere
    line: int
    text: str  # of the whole file


def tokens_of(source):
    """The tokens; a bracket has the depth of what stands around it."""
    tokens, opened, function = [], [], ""
    for match in TOKEN.finditer(source):
        kind, text = match.lastgroup, match.group()
        if kind == "skip":
            continue
        is_bracket = kind == "mark" and text in "()[]{}"
        if is_bracket and text in ")]}":
            opened.pop()
        if not opened and text == "{" and tokens[-1].text == ")":
            parameters = max(i for i, token in enumerate(tokens) if token.text == "(" and token.depth == 0)
            function = tokens[parameters - 1].text
        tokens.append(Token(kind, text, match.start(), match.end(), len(opened), function))
        if is_bracket and text in "([{":
            opened.append(text)
        if not opened and text == "}":
            function = ""
    return tokens


class Finder:
    """Looks through the tokens of one file. Each rule yields what is replaced: first token, last token, new text."""

    def __init__(self, source):
        self.source, self.tokens = source, tokens_of(source)

    def __getitem__(self, index):
        return self.tokens[index].text

    def reach(self, index, step, ends):
        """How far what stands behind (step 1) or before (step -1) this token goes: its own bracket or one of `ends`."""
        depth, index = self.tokens[index].depth, index + step
        while self.tokens[index].depth > depth or (self.tokens[index].depth == depth and self[index] not in ends):
            index += step
        return index - step

    def is_guard(self, index):
        """Is this the bracket behind `if (...`?"""
        if self[index] != ")":
            return False
        opening = self.reach(index, -1, {"("}) - 1
        return self[opening - 1] in GUARDS

    def swaps(self, index):
        token, before, behind = self.tokens[index], self.tokens[index - 1], self[index + 1]
        if token.text in SWAPPED and not (before.text == "{" and behind == "}"):
            yield index, index, SWAPPED[token.text]
        is_value = before.kind in ("word", "number") and before.text not in TYPES or before.text in (")", "]")
        if token.text in SWAPPED_BINARY and is_value:
            yield index, index, SWAPPED_BINARY[token.text]

    def dropped_operands(self, index):
        """One side of && or ||; the not of what follows."""
        operator = self[index]
        if operator in ("&&", "||"):
            yield index, self.reach(index, 1, OPERAND_ENDS[operator]), ""
            first = self.reach(index, -1, OPERAND_ENDS[operator])
            if self[first - 1] != operator:
                yield first, index, ""
        if operator == "!":
            yield index, index, ""

    def decided_conditions(self, index):
        """What is asked is not looked at; a loop does not run, or is not left."""
        if self[index] in ("if", "while"):
            first, last = index + 2, self.reach(index + 1, 1, {")"})
        elif self[index] == "?":
            first, last = self.reach(index, -1, OPERAND_ENDS["?"]), index - 1
        else:
            return
        yield first, last, "0"
        yield first, last, "1"

    def dropped_statements(self, index):
        """A deed or a jump. Without the one that an `if` guards, that is the same as the condition being false; without
        the last return, nothing that a compiler has to give a meaning to."""
        is_guarded = self.is_guard(index - 1)
        if not (is_guarded or self[index - 1] in (";", "{", "}", "else", ":")) or self[index] in NO_DEEDS:
            return
        follows = self[index + 1]
        is_deed = self.tokens[index].kind == "word" and (follows in DEED_MARKS or follows[-1] == "=")
        if not (is_deed or self[index] in JUMPS | {"++", "--", "*"}):
            return
        end = self.reach(index, 1, {";"}) + 1
        is_last_return = self[index] == "return" and self.tokens[end + 1].depth == 0
        if self[end] == ";" and not is_last_return and (not is_guarded or self[end + 1] == "else"):
            yield index, end, ";"

    def dropped_values(self, index):
        """`.member = value,` of a compound literal; a row of a table."""
        token = self.tokens[index]
        is_row = not token.function and token.depth == 1 and token.text in ("{", "[")
        if self[index - 1] in ("{", ",") and (is_row or (token.function and token.text == ".")):
            end = self.reach(index, 1, {","})
            yield index, end + (self[end + 1] == ","), ""

    def all(self):
        rules = (self.swaps, self.dropped_operands, self.decided_conditions, self.dropped_statements)
        for index, token in enumerate(self.tokens):
            for rule in rules if token.function and token.depth > 0 and token.kind != "text" else ():
                yield from rule(index)
            if token.kind == "mark":
                yield from self.dropped_values(index)


def words(text):
    return " ".join(text.split())


def mutations(name, source):
    """Each mutation of a file, once."""
    finder = Finder(source)
    seen, repeats = set(), collections.Counter()
    for first, last, replacement in finder.all():
        start, end = finder.tokens[first].start, finder.tokens[last].end
        text = source[:start] + replacement + source[end:]
        if text in seen:
            continue
        seen.add(text)
        line_start, line_end = source.rfind("\n", 0, start) + 1, source.find("\n", end)
        before = words(source[line_start:line_end])
        after = words(source[line_start:start] + replacement + source[end:line_end])
        what = f"{name} {finder.tokens[first].function or 'table'}: {before} => {after or 'nothing'}"
        repeats[what] += 1
        number = f" #{repeats[what]}" if repeats[what] > 1 else ""
        yield Mutation(what + number, source.count("\n", 0, start) + 1, text)
