"""As the module of New Relic's layer, which no package brings: the handler that NEW_RELIC_LAMBDA_HANDLER names, wrapped."""
import importlib
import os

os.environ["NEW_RELIC_SERVERLESS_MODE_ENABLED"] = os.environ["NEW_RELIC_NO_CONFIG_FILE"] = "true"

import newrelic.agent  # noqa: E402  reads these variables
from newrelic_lambda.lambda_handler import lambda_handler  # noqa: E402

newrelic.agent.initialize()
module, _, name = os.environ["NEW_RELIC_LAMBDA_HANDLER"].rpartition(".")
handler = lambda_handler()(getattr(importlib.import_module(module.replace("/", ".")), name))
