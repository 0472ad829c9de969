"""As the module of OpenTelemetry's layer: imports the handler when everything is instrumented."""
import importlib
import os

module, _, name = os.environ["ORIG_HANDLER"].rpartition(".")
lambda_handler = getattr(importlib.import_module(module.replace("/", ".")), name)
