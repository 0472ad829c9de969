"""The language of a claims_*.py: its runtime with code of the claim's own, and what becomes of it."""

from harness import Runtime


class Language:
    """By the extension of its files, by which runtimes/ has it, too."""

    def __init__(self, extension):
        self.extension = extension

    def start(self, code, handler="index.handler", name=None, files=None, **options):
        return Runtime(self.extension, handler, files={name or f"index.{self.extension}": code, **(files or {})}, **options)

    def responds(self, code, expected, event=None, **options):
        with self.start(code, **options) as runtime:
            runtime.ready()
            for _ in range(2):
                response = runtime.respond(event)
                assert response == expected, response

    def init_error(self, code, **options):
        with self.start(code, **options) as runtime:
            return runtime.fail_init()

    def call_error(self, code, event=None, **options):
        """The error of a call, after which the runtime must take another."""
        with self.start(code, **options) as runtime:
            runtime.ready()
            error = runtime.fail(event)
            assert "error" in runtime.call(event)
            return error
