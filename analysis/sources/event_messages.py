"""The few protobuf messages of an event file that hold scalars."""

from typing import Any, Protocol

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["Event", "event_class"]

# Names and numbers of the fields are those of tensorflow/core/util/event.proto and tensorflow/core/framework/
# {summary,tensor,tensor_shape}.proto; a parser passes over the fields that are not listed.
_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGES: dict[str, dict[str, tuple[int, int, str]]] = {
    "Event": {
        "step": (2, _FIELD.TYPE_INT64, ""),
        "summary": (5, _FIELD.TYPE_MESSAGE, "Summary"),
    },
    "Summary": {"value[]": (1, _FIELD.TYPE_MESSAGE, "Value")},
    "Value": {
        "tag": (1, _FIELD.TYPE_STRING, ""),
        "simple_value?": (2, _FIELD.TYPE_FLOAT, ""),
        "tensor": (8, _FIELD.TYPE_MESSAGE, "Tensor"),
    },
    "Tensor": {
        "dtype": (1, _FIELD.TYPE_INT32, ""),
        "tensor_shape": (2, _FIELD.TYPE_MESSAGE, "Shape"),
        "tensor_content": (4, _FIELD.TYPE_BYTES, ""),
        "float_val[]": (5, _FIELD.TYPE_FLOAT, ""),
        "double_val[]": (6, _FIELD.TYPE_DOUBLE, ""),
        "int_val[]": (7, _FIELD.TYPE_INT32, ""),
        "int64_val[]": (10, _FIELD.TYPE_INT64, ""),
        "half_val[]": (13, _FIELD.TYPE_INT32, ""),
    },
    "Shape": {"dim[]": (2, _FIELD.TYPE_MESSAGE, "Dim")},
    "Dim": {"size": (1, _FIELD.TYPE_INT64, "")},
}
_PACKAGE = "seedscope.events"


class Event(Protocol):
    """One record of an event file."""

    step: int
    # Any: the classes of the summary are made at run time.
    summary: Any


# Any: a class made at run time.
def event_class() -> Any:
    """The class whose `FromString` parses a record into an `Event`."""
    file = descriptor_pb2.FileDescriptorProto(name="seedscope_events.proto", package=_PACKAGE, syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind, type_name) in fields.items():
            _add_field(described, name=name, number=number, kind=kind, type_name=type_name)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Event"))


def _add_field(message: Any, *, name: str, number: int, kind: int, type_name: str) -> None:
    field = message.field.add(name=name.rstrip("[]?"), number=number, type=kind)
    field.label = _FIELD.LABEL_REPEATED if name.endswith("[]") else _FIELD.LABEL_OPTIONAL
    if type_name:
        field.type_name = f".{_PACKAGE}.{type_name}"
    if name.endswith("?"):
        # proto3 tells a zero that was written from one that was not only inside a oneof.
        message.oneof_decl.add(name="_value")
        field.oneof_index = 0
