"""The server that MCP's conformance suite expects: its own tools, resources and prompts on a server made by our factory, behind our guards.

Run as `python -m tests.apps.mcp_fixture_server PORT`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import sys
import zlib
from typing import Any

import uvicorn
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.mcpserver.tools.base import Tool
from mcp.types import (
    AudioContent,
    Completion,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    SamplingMessage,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)

from apps.mcp.factory import Server, build_server
from apps.mcp.web import guard_server

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _make_png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    )


PNG = _make_png()
IMAGE = ImageContent(type="image", data=base64.b64encode(PNG).decode(), mime_type="image/png")
WAV = b"RIFF" + struct.pack("<I", 38) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16) + b"data" + struct.pack("<I", 2) + b"\0\0"


def _embed(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def create_fixture_server() -> Server:
    """Return the server."""
    server = build_server("conformance", title="Conformance", description="Fixtures.", instructions="")
    _add_tools(server)
    _add_questions(server)
    _add_resources(server)
    _add_prompts(server)

    async def complete(ref: Any, argument: Any, context: Any) -> Completion:
        return Completion(values=[], total=0, has_more=False)

    server.completion()(complete)
    return server


def _add_tools(server: Server) -> None:
    @server.tool()
    def test_simple_text() -> TextContent:
        """Return text."""
        return TextContent(type="text", text="This is a simple text response for testing.")

    @server.tool()
    def test_image_content() -> ImageContent:
        """Return an image."""
        return IMAGE

    @server.tool()
    def test_audio_content() -> AudioContent:
        """Return audio."""
        return AudioContent(type="audio", data=base64.b64encode(WAV).decode(), mime_type="audio/wav")

    @server.tool()
    def test_embedded_resource() -> EmbeddedResource:
        """Return a resource."""
        return _embed("test://embedded-resource", "This is an embedded resource content.")

    @server.tool()
    def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
        """Return several kinds."""
        mixed = _embed("test://mixed-content-resource", json.dumps({"test": "data", "value": 123}), "application/json")
        return [TextContent(type="text", text="Multiple content types test:"), IMAGE, mixed]

    @server.tool()
    async def test_tool_with_logging(context: Context) -> TextContent:
        """Log while working."""
        for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await context.info(message)
            await asyncio.sleep(0.05)
        return TextContent(type="text", text="done")

    @server.tool()
    async def test_tool_with_progress(context: Context) -> TextContent:
        """Report progress."""
        for progress in (0, 50, 100):
            await context.report_progress(progress, 100)
            await asyncio.sleep(0.05)
        return TextContent(type="text", text="done")

    @server.tool()
    def test_error_handling() -> TextContent:
        """Fail."""
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool()
    async def test_reconnection(context: Context) -> TextContent:
        """Close the stream in the middle of a call, where the server keeps what was sent, which ours doesn't."""
        await context.close_sse_stream()
        return TextContent(type="text", text="Reconnection test completed")

    def json_schema_2020_12_tool(name: str = "", address: dict[str, str] | None = None) -> str:
        """Tool with JSON Schema 2020-12 features."""
        return name

    tool = Tool.from_function(json_schema_2020_12_tool)
    tool.parameters = {
        "$schema": DIALECT,
        "type": "object",
        "$defs": {"address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
        "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
        "additionalProperties": False,
    }
    server._tool_manager._tools[tool.name] = tool


def _add_questions(server: Server) -> None:
    async def elicit(context: Context, message: str, schema: dict[str, Any]) -> str:
        found = await context.session.send_request(_elicit_request(message, schema), ElicitResult)
        return f"action={found.action}, content={json.dumps(found.content)}"

    @server.tool()
    async def test_sampling(context: Context, prompt: str) -> TextContent:
        """Ask the client's model."""
        found = await context.session.create_message([SamplingMessage(role="user", content=TextContent(type="text", text=prompt))], max_tokens=100)
        return TextContent(type="text", text=f"LLM response: {getattr(found.content, 'text', '')}")

    @server.tool()
    async def test_elicitation(context: Context, message: str) -> TextContent:
        """Ask the user."""
        fields = {"username": {"type": "string", "description": "User's response"}, "email": {"type": "string", "description": "User's email address"}}
        said = await elicit(context, message, {"type": "object", "properties": fields, "required": ["username", "email"]})
        return TextContent(type="text", text=f"User response: {said}")

    @server.tool()
    async def test_elicitation_sep1034_defaults(context: Context) -> TextContent:
        """Ask with defaults."""
        fields = {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": True},
        }
        said = await elicit(context, "Please confirm", {"type": "object", "properties": fields, "required": []})
        return TextContent(type="text", text=f"Elicitation completed: {said}")

    @server.tool()
    async def test_elicitation_sep1330_enums(context: Context) -> TextContent:
        """Ask with choices."""
        plain, named = ["option1", "option2", "option3"], [{"const": f"value{number}", "title": f"Choice {number}"} for number in (1, 2, 3)]
        fields = {
            "untitledSingle": {"type": "string", "enum": plain},
            "titledSingle": {"type": "string", "oneOf": named},
            "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
            "titledMulti": {"type": "array", "items": {"anyOf": named}},
        }
        said = await elicit(context, "Please choose", {"type": "object", "properties": fields, "required": []})
        return TextContent(type="text", text=f"Elicitation completed: {said}")


def _elicit_request(message: str, schema: dict[str, Any]) -> Any:
    from mcp.types import ElicitRequest

    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _add_resources(server: Server) -> None:
    @server.resource("test://static-text", description="Text.", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", description="Bytes.", mime_type="image/png")
    def static_binary() -> bytes:
        return PNG

    @server.resource("test://template/{id}/data", description="A template.", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.resource("test://watched-resource", description="Watched.", mime_type="text/plain")
    def watched() -> str:
        return "Watched."

    async def accept(_: ServerRequestContext[Any, Any], __: Any) -> EmptyResult:
        return EmptyResult()

    server._lowlevel_server.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    server._lowlevel_server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)


def _add_prompts(server: Server) -> None:
    @server.prompt()
    def test_simple_prompt() -> str:
        """A prompt."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """A prompt with arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803
        """A prompt with a resource."""
        return [UserMessage(content=_embed(resourceUri, "Embedded resource content for testing.")), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """A prompt with an image."""
        return [UserMessage(content=IMAGE), UserMessage("Please analyze the image above.")]


def main(port: int) -> None:
    """Serve on loopback."""
    uvicorn.run(guard_server(create_fixture_server()), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
