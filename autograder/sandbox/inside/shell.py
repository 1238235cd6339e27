"""IPython as students know it from Jupyter, without terminal, history, configuration or startup files."""

from __future__ import annotations

import ast
import builtins
import codecs
import getpass
import inspect
import os
import subprocess
import traceback
from collections.abc import Callable
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDir
from traitlets import Type
from traitlets.config import Config

from . import rehearsal
from .capture import Outputs

__all__ = ["Shell", "build"]

_INLINE = "module://matplotlib_inline.backend_inline"
_parsed: dict[str, ast.AST] = {}  # the tree of the text that was looked at last
_Popen, _PIPE, _DEVNULL = subprocess.Popen, subprocess.PIPE, subprocess.DEVNULL


class _Hook(DisplayHook):
    """Sends the value of a cell's last expression to the outputs."""

    shell: Any

    def write_output_prompt(self) -> None:
        """There is no prompt to write."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.outputs.rich(
            "execute_result", format_dict, md_dict or {}, execution_count=self.shell.execution_count - 1
        )

    def finish_displayhook(self) -> None:
        self._is_active = False

    def quiet(self) -> bool:
        return bool(self.semicolon_at_end_of_expression(self.shell.cell_source))


class _Publisher(DisplayPublisher):
    """Sends what is displayed to the outputs."""

    def publish(self, data: Any, metadata: Any = None, *args: Any, **kwargs: Any) -> None:
        self.shell.outputs.rich("display_data", data, metadata or {})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear()


class _NoProfile(ProfileDir):
    """A profile folder that is never created."""

    def _location_changed(self, change: Any) -> None:
        self._location_isset = True


class _Compiler(CachingCompiler):
    """Says which module cells belong to: `inspect` would look through all of them for every frame of a traceback."""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        name = super().get_code_name(raw_code, transformed_code, number)
        inspect.modulesbyfile[os.path.normcase(os.path.abspath(name))] = "__main__"
        return name

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> Any:
        tree = _parsed.pop(source, None) if symbol == "exec" else None
        return tree or super().ast_parse(source, filename, symbol)


class _Transformers(TransformerManager):
    """Looks for IPython's own syntax only in cells that are not Python: where a cell is, there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._standard = self._lists()

    def transform_cell(self, cell: str) -> str:
        text = cell if cell.endswith("\n") else f"{cell}\n"
        taken_off = text[0].isspace() or "In [" in text  # indentation and prompts, which may be Python too
        if not taken_off and self._lists() == self._standard and _is_python(text):
            return text
        return str(super().transform_cell(cell))

    def _lists(self) -> tuple[list[Any], ...]:
        return [*self.cleanup_transforms], [*self.line_transforms], [*self.token_transformers]


class Shell(InteractiveShell):
    """One notebook's shell; its outputs go to `outputs`.

    Attributes:
        overtime: asked when an error is about to be shown; stops the clock if that is why the cell ended.
    """

    compiler_class = Type(_Compiler)
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    outputs = Outputs(2**20)
    cell_source = ""
    overtime: Callable[[], None] = staticmethod(lambda: None)

    def init_ipython_dir(self, ipython_dir: Any) -> None:
        """No folder of configuration: nothing of it is read or made."""

    def init_profile_dir(self, profile_dir: Any) -> None:
        self.profile_dir = _NoProfile(location=os.path.join(os.path.abspath(os.sep), "nonexistent", "profile"))

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.outputs.error(str(etype.__name__), _message(evalue), list(stb))

    def should_run_async(self, raw_cell: str, *, transformed_cell: str | None = None, **how: Any) -> bool:
        """Needs the cell an event loop? One compilation less for cells that lack both words."""
        text = transformed_cell or raw_cell
        if "await" not in text and "async" not in text:
            return False
        return bool(super().should_run_async(raw_cell, transformed_cell=transformed_cell, **how))

    async def run_ast_nodes(
        self, nodelist: list[ast.stmt], cell_name: str, interactivity: str = "last_expr", compiler: Any = compile,
        result: Any = None,
    ) -> bool:  # fmt: skip
        """All statements but an expression at the end in one piece, where IPython compiles and runs each by itself."""
        if interactivity == "last_expr" and len(nodelist) > 1:
            ends = isinstance(nodelist[-1], ast.Expr)
            code = _compiled(nodelist[:-1] if ends else nodelist, cell_name, compiler)
            if code is not None:
                if await self.run_code(code, result):
                    return True
                nodelist = nodelist[-1:] if ends else []
        return bool(await super().run_ast_nodes(nodelist, cell_name, interactivity, compiler, result))

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window system; `%matplotlib inline` asks for none."""

    def _get_exc_info(self, exc_tuple: Any = None) -> Any:
        self.overtime()
        etype, value, tb = super()._get_exc_info(exc_tuple)
        _leave_out_the_middle(tb)
        return etype, value, tb

    def ask_exit(self) -> None:
        """quit() and exit() end the cell with an error."""
        raise SystemExit("the notebook cannot be left while it is graded")

    def system(self, command: str) -> None:
        """`!command`: its output, as it comes, is the cell's; its standard input is empty."""
        command = self.var_expand(command, depth=1)
        with _Popen(command, shell=True, stdin=_DEVNULL, stdout=_PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
            try:
                while data := os.read(process.stdout.fileno(), 2**16):
                    self.outputs.stream("stdout", decode(data))
            except BaseException:
                process.kill()
                raise
        self.user_ns["_exit_code"] = process.returncode

    def cell_lines(self, tb: Any) -> list[str]:
        """The lines of a traceback that lie in cells, as "Cell In[3], line 2, in f" and the source line."""
        lines = []
        for frame in traceback.extract_tb(tb, limit=200):
            named = self.compile.format_code_name(frame.filename)
            if named:
                lines.append(f"{named[0]} {named[1]}, line {frame.lineno}, in {frame.name}\n    {frame.line or ''}")
        return lines


def _is_python(text: str) -> bool:
    """Whether it can be parsed; its tree waits for who compiles it."""
    _parsed.clear()
    try:
        _parsed[text] = compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def _compiled(nodes: list[ast.stmt], cell_name: str, compiler: Any) -> Any:
    """Their code; None where it must be found out one by one which is at fault, or waits."""
    try:
        return compiler(ast.Module(nodes, []), cell_name, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _leave_out_the_middle(tb: Any, ends: int = 20) -> None:
    """Keep the first and last frames of a long traceback: formatting all of an endless recursion takes seconds."""
    frames = []
    while tb is not None:
        frames.append(tb)
        tb = tb.tb_next
    if len(frames) > 2 * ends:
        frames[ends - 1].tb_next = frames[-ends]


def _message(error: Any) -> str:
    try:
        return str(error)
    except Exception:
        return "<no text>"


def build() -> Shell:
    """The shell of this process, made once; called before forking because it takes a while."""
    if Shell.initialized():
        return Shell.instance()
    os.environ["MPLBACKEND"] = _INLINE
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 100
    config.InteractiveShell.enable_tip = False
    shell = Shell.instance(config=config)
    shell.input_transformer_manager = _Transformers()
    _show_figures(shell)
    rehearsal.cells(shell)
    shell.outputs.begin()
    builtins.input = _no_input
    getpass.getpass = _no_input
    return shell


def _show_figures(shell: Shell) -> None:
    """What `%matplotlib inline` does, which Jupyter does by itself."""
    try:
        from IPython.core.pylabtools import activate_matplotlib
        from matplotlib import pyplot
        from matplotlib_inline.backend_inline import configure_inline_support
    except ImportError:
        return
    activate_matplotlib(_INLINE)
    configure_inline_support(shell, _INLINE)
    pyplot.uninstall_repl_displayhook()  # installed anew, it comes after the hook that shows figures and closes them:
    pyplot.install_repl_displayhook()  # it draws what is left, and no figure twice


def _no_input(*args: Any, **kwargs: Any) -> str:
    raise EOFError("input() has nobody to ask while a notebook is graded; give the value in the cell")
