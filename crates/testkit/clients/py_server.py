"""A real upstream made with the Python package `mcp`: over stdio, or over Streamable HTTP with `--http PORT`.

With `--http 0` it takes a free port and prints its address as the first line.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("procura-test-py-server", instructions="A shop with orders and a price list.")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def order_status(order: str) -> dict[str, str]:
    """Tells where an order is."""
    return {"order": order, "status": "shipped"}


@server.tool()
def delete_order(order: str) -> str:
    """Deletes an order."""
    return f"Order {order} is gone."


@server.tool()
def read_config() -> str:
    """Reads the configuration of the shop."""
    # In the shape of a secret, and put together here so that no scanner takes this file for a leak.
    key = "".join(["AK", "IA", "QX7PLM2NB4VC9ZT5"])
    return f"region = eu-west-1\naccess_key = {key}\ncolor = green"


@server.tool()
async def count(to: int, context: Context) -> str:
    """Counts and reports its progress."""
    for number in range(1, to + 1):
        await context.report_progress(number, to)
    return f"Counted to {to}."


@server.resource("shop://prices")
def prices() -> str:
    """The price list."""
    return "chair 40 EUR\ntable 120 EUR"


@server.prompt()
def complaint(order: str) -> str:
    """A letter about an order."""
    return f"Write a polite letter about order {order}."


def main() -> None:
    if sys.argv[1:2] != ["--http"]:
        server.run("stdio")
        return
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[2])))
    listener.listen(64)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    config = uvicorn.Config(server.streamable_http_app(), log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
