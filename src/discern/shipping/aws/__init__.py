"""Calls of AWS, each of which imports boto3 on demand and honours `AWS_ENDPOINT_URL`."""
