"""What `lsl-store doctor` prints."""

from __future__ import annotations

from lsl_shared.process.terminal import say
from lsl_tools.inspection.doctor import DoctorReport, ModelCheck

__all__ = ["show_doctor"]


def show_doctor(report: DoctorReport) -> None:
    """Prints what was found, and what is wrong with the command that mends it."""
    say("versions: " + ", ".join(f"{name} {version}" for name, version in report.versions.items()))
    say("ONNX Runtime is built for: " + ", ".join(report.providers))
    if report.int8_units is not None:
        has = f"the processor has {', '.join(report.int8_units)}" if report.int8_units else "the processor has no units"
        say(f"eight bits (model-int8): {has}{'' if report.int8_units else ' for them, it will hardly pay here'}")
    if report.gpu:
        say(f"GPU: {'THERE IS ONE THAT CANNOT BE USED' if report.has_gpu else 'none'}. {report.gpu}")
    else:
        say("GPU: ready")
    say(f"free disk: {report.free_bytes / 1e9:,.1f} GB in {report.folder}")
    if report.model is not None:
        _show_model(report.model)
    else:
        say("no model was tried; name one with --model")


def _show_model(model: ModelCheck) -> None:
    if model.error:
        say(f"model: does not work here. {model.error}")
        return
    rates = ", ".join(f"{name} {rate:,.1f} images/s" for name, rate in model.images_per_second.items())
    say(f"model {model.path}: its golden sample comes out right, on {model.provider}")
    say(f"self-test, batches of {model.batch_size}: {rates}")
