"""What every interactive figure must keep to, checked and set in its Vega-Lite specification.

`plots.Interactive` calls `finished`. A chart is wrong at some setting of its controls if a scale
is clamped (it then draws values that nobody has) or if a mark leaves the frame; its colours must
stand out from a light page and from a dark one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

PLACES = ("x", "y")
LIMITS = ("domain", "domainMin", "domainMax")
TINTED = ("color", "fill", "stroke")
PLAIN = ("currentColor", "transparent", None)


def finished(spec: dict, pairs: Mapping[str, str]) -> dict:
    """A specification with everything that a figure of the book needs, as a new dictionary.

    pairs: the colours of a light page with those of a dark one. Each colour becomes an expression
    of the signal `dark`, which the page sets, and a preset sets the sliders.
    Raises ValueError where a scale is clamped, where a mark isn't clipped on an axis whose domain
    is fixed, and for a colour that isn't among the pairs.
    """
    refuse_clamps(spec)
    refuse_spills(spec)
    for name, channel in _encodings(spec):
        if name in TINTED and "field" in channel and "range" not in (channel.get("scale") or {}):
            raise ValueError(
                f"the colours of {channel['field']} have no range: take both cues from plots.cues"
            )
    spec = _tinted(spec, pairs)
    first = next(iter(pairs))
    tint = {"color": _either(first, pairs[first])}
    # Vega-Lite's own rules and words are black.
    config = {"mark": tint, "rule": tint, "text": {"color": "currentColor"}}
    params = [{"name": "dark", "value": False}, *map(_wired(spec), spec.get("params", []))]
    return spec | {"config": spec.get("config", {}) | config, "params": params}


def refuse_clamps(spec: dict) -> None:
    """Raise ValueError if a scale draws what lies outside its domain at the domain's end."""
    for name, channel in _encodings(spec):
        if (channel.get("scale") or {}).get("clamp"):
            raise ValueError(
                f"the scale of {name} is clamped: values beyond its domain would be drawn at its "
                "end; clip the marks instead, mark_line(clip=True)"
            )


def refuse_spills(spec: dict, above: Mapping | None = None, fixed: frozenset = frozenset()) -> None:
    """Raise ValueError if a mark may be drawn outside the frame: it isn't clipped, its axis fixed.

    above: the encoding of the charts around this one. fixed: the axes whose domains they fix.
    """
    encoding = {**(above or {}), **spec.get("encoding", {})}
    layers = spec.get("layer", [])
    own = [encoding, *(layer.get("encoding", {}) for layer in _every(layers))]
    fixed = fixed | {place for channels in own for place in PLACES if _limited(channels, place)}
    for layer in layers:
        refuse_spills(layer, encoding, fixed)
    for part in ("hconcat", "vconcat", "concat"):
        for chart in spec.get(part, []):
            refuse_spills(chart)
    if "mark" not in spec:
        return
    mark = spec["mark"] if isinstance(spec["mark"], dict) else {"type": spec["mark"]}
    for place in sorted(fixed):
        channels = [encoding.get(name, {}) for name in (place, place + "2")]
        placed = any("value" not in channel for channel in channels if channel)
        if placed and not mark.get("clip"):
            raise ValueError(
                f"the domain of {place} is fixed and the {mark['type']} isn't clipped: write "
                f"mark_{mark['type']}(clip=True), or it is drawn outside the frame"
            )


def _every(layers: list[dict]) -> Iterator[dict]:
    for layer in layers:
        yield layer
        yield from _every(layer.get("layer", []))


def _limited(encoding: Mapping, place: str) -> bool:
    """Whether an encoding fixes the domain of an axis of numbers or dates."""
    found = [encoding.get(name) or {} for name in (place, place + "2")]
    return any(
        channel.get("type", "quantitative") in ("quantitative", "temporal")
        and any(limit in (channel.get("scale") or {}) for limit in LIMITS)
        for channel in found
    )


def _encodings(part) -> Iterator[tuple[str, dict]]:
    """Each channel of each encoding in a specification, with its name."""
    if isinstance(part, dict):
        for name, channel in part.get("encoding", {}).items():
            if isinstance(channel, dict):
                yield name, channel
        for key, inner in part.items():
            if key not in ("data", "datasets", "encoding"):
                yield from _encodings(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _encodings(inner)


def _either(light: str, dark: str) -> dict:
    return {"expr": f"dark ? '{dark}' : '{light}'"}


def _tinted(part, pairs: Mapping[str, str], key: str = ""):
    """The part of a specification with every colour as an expression of the page's theme."""
    if isinstance(part, dict):
        kept = ("data", "datasets")
        return {k: v if k in kept else _tinted(v, pairs, k) for k, v in part.items()}
    if isinstance(part, list):
        return [_tinted(inner, pairs, key) for inner in part]
    if isinstance(part, str) and part in pairs:
        return _either(part, pairs[part])
    named = key in TINTED and part not in PLAIN
    if isinstance(part, str) and (named or re.fullmatch(r"#[0-9a-fA-F]{3,8}", part)):
        raise ValueError(f"the colour {part} has no pair for a dark page: take plots.COLORS")
    return part


def _wired(spec: dict):
    """A function that lets a preset, of `plots.knobs`, set the slider of a parameter."""
    known = {param["name"]: param.get("value") for param in spec.get("params", [])}
    presets = known.get("presets") or {}
    names = {f"own_{name}": name for preset in presets.values() for name in preset}

    def wire(param: dict) -> dict:
        own = param["name"]
        if own not in names:
            return param
        update = f"presets[preset] ? presets[preset].{names[own]} : {own}"
        # By force, or a preset that is chosen again wouldn't take back what has moved meanwhile.
        turn = {"events": {"signal": "preset"}, "update": update, "force": True}
        return param | {"on": [turn]}

    return wire
