"""Pure decisions about schedules: no I/O, no clock, no randomness. The modules say which rules each keeps."""

from tocsin.schedules.logic.checks import (
    layer_errors,
    oncall_errors,
    override_errors,
    render_errors,
    render_window,
    restriction_errors,
    schedule_errors,
    unknown_layer_errors,
)
from tocsin.schedules.logic.coverage import coverage
from tocsin.schedules.logic.edits import edited, override_cut, override_start, stood_in
from tocsin.schedules.logic.final import (
    final_shifts,
    next_change,
    next_on_call,
    override_shifts,
    rendered,
    shift_at,
    users_in,
    who,
)
from tocsin.schedules.logic.handoffs import Handoff, HandoffRule, Telling, handoffs, tellings
from tocsin.schedules.logic.layers import layer_shifts

__all__ = [
    "Handoff",
    "HandoffRule",
    "Telling",
    "coverage",
    "edited",
    "final_shifts",
    "handoffs",
    "layer_errors",
    "layer_shifts",
    "next_change",
    "next_on_call",
    "oncall_errors",
    "override_cut",
    "override_errors",
    "override_shifts",
    "override_start",
    "render_errors",
    "render_window",
    "rendered",
    "restriction_errors",
    "schedule_errors",
    "shift_at",
    "stood_in",
    "tellings",
    "unknown_layer_errors",
    "users_in",
    "who",
]
