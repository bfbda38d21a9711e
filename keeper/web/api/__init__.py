"""The API under /api/v1: one table of routes, from which the server and its OpenAPI document are both made."""
