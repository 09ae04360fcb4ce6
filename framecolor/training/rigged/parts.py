"""Names of parts, from the names of materials, meshes and joints: what an artist would call the shape."""

from __future__ import annotations

import re

_BY_MATERIAL = (
    ("eye", r"eye(?!brow)|pupil|iris|cornea"),
    ("brow", r"brow(?!n)"),
    ("mouth", r"mouth|teeth|tooth|tongue|lip"),
    ("hair", r"hair|beard|moustache|mane"),
    ("hat", r"hat|helmet|hood|cap(?!e)|visor|crown"),
    ("horn", r"horn|antler|claw|beak|hoo[fv]"),
    ("shoe", r"shoe|boot|sandal|sole"),
    ("cape", r"cape|scarf|cloak"),
    ("belt", r"belt|band|strap"),
    ("clothes", r"cloth|shirt|pants|jacket|vest|dress|suit|skirt|tie|kimono|apron|sock"),
    ("metal", r"metal|gold|armor|blade|sword|silver|earring|gun"),
    ("fin", r"fin(?!ger)"),
    ("wing", r"wing"),
    ("tail", r"tail"),
    ("skin", r"skin|face|muzzle|nose|belly"),
)
_BY_JOINT = (
    ("head", r"head|neck|jaw|brow(?!n)|face|chin|nose"),
    ("hair", r"hair|mane"),
    ("ear", r"(?<![a-z])ear"),
    ("hand", r"hand|wrist|fist|finger|thumb|index|middle|ring|pinky"),
    ("foot", r"foot|toe|ball|heel|paw|hoof"),
    ("leg", r"leg|thigh|shin|calf|knee"),
    ("arm", r"arm|shoulder|clavicle|elbow"),
    ("wing", r"wing|feather"),
    ("tail", r"tail"),
    ("fin", r"fin(?!ger)"),
    ("torso", r"spine|chest|torso|body|hips|pelvis|abdomen|tummy|stomach|back|root"),
)
_MATERIAL = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _BY_MATERIAL]
_JOINT = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _BY_JOINT]


def name_part(material: str, mesh: str, joint: str) -> str:
    """Name the part of a shape by its material, else its mesh, else the joint that moves it, else "body"."""
    for text, table in ((material, _MATERIAL), (mesh, _MATERIAL), (joint, _JOINT), (mesh, _JOINT)):
        for name, pattern in table:
            if pattern.search(text):
                return name
    return "body"
