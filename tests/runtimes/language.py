"""The language of a claims_*.py: runs its language runtime with the code of a claim."""

from harness import Runtime


class Language:
    """A language, named by the extension of its files, as in runtimes/."""

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
        """Returns the error of a call. The runtime must serve another call after it."""
        with self.start(code, **options) as runtime:
            runtime.ready()
            error = runtime.fail(event)
            assert "error" in runtime.call(event)
            return error
