import aws_lambda_powertools
import boto3
import fastapi
import mangum
import opentelemetry.sdk
import orjson
import pydantic
import requests
import sentry_sdk
import setuptools
import yaml

try:
    import not_there
except ImportError:
    pass
import logging

logging.getLogger().setLevel("INFO")


def handler(event, context):
    logging.info("with %s", setuptools.__name__)
    return [module.__name__ for module in (aws_lambda_powertools, boto3, fastapi, mangum, orjson, pydantic, requests, sentry_sdk, yaml)]
