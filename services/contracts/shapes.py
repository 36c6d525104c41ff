"""Every limit, written once. Contracts use these names; the gateway, the services and OpenAPI read the same shapes."""

from __future__ import annotations

from typing import Annotated

from services.chassis.messages import Shape

Id = Annotated[
    str, Shape(min=1, max=64, pattern=r"[a-z]{2,8}_[0-9a-hjkmnp-tv-z]{26}", example="case_01m7x2c4e6g8j0k2m4n6p8q0r2")
]
Slug = Annotated[str, Shape(min=2, max=31, pattern=r"[a-z][a-z0-9-]{1,30}", example="extend")]
Key = Annotated[str, Shape(min=1, max=64, pattern=r"[a-zA-Z][a-zA-Z0-9_.-]{0,63}", example="support")]
Line = Annotated[
    str,
    Shape(
        min=1, max=255, pattern=r"[^\S\r\n]*[^\s\x00-\x1f][^\r\n\x00-\x08\x0b-\x1f]*", example="The printer is on fire"
    ),
]
ShortLine = Annotated[
    str, Shape(min=1, max=80, pattern=r"[^\S\r\n]*[^\s\x00-\x1f][^\r\n\x00-\x08\x0b-\x1f]*", example="Ada Lind")
]
Text = Annotated[str, Shape(min=1, max=65_536, example="It started on Monday.")]
LongText = Annotated[str, Shape(min=0, max=65_536)]
Query = Annotated[str, Shape(min=1, max=200, pattern=r"[^\x00]*", example="printer jam")]
Email = Annotated[
    str,
    Shape(
        min=3,
        max=254,
        pattern=r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[^@\s,;<>\"()]+",
        format="email",
        example="ada@example.org",
    ),
]
UserName = Annotated[str, Shape(min=2, max=64, pattern=r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,63}", example="ada")]
Password = Annotated[str, Shape(min=8, max=256, format="password")]
Secret = Annotated[str, Shape(min=1, max=4096)]
Locale = Annotated[str, Shape(min=2, max=16, pattern=r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", example="sv")]
Phone = Annotated[str, Shape(min=3, max=32, pattern=r"[+0-9][0-9 ()./-]{2,31}", example="+46 70 123 45 67")]
Url = Annotated[str, Shape(min=8, max=4096, format="uri")]
PageSize = Annotated[int, Shape(min=1, max=100)]
Position = Annotated[str, Shape(min=1, max=1024)]
FileName = Annotated[
    str, Shape(min=1, max=255, pattern=r"[. ]*[^\x00-\x1f/\\. ][^\x00-\x1f/\\]*", example="screen.png")
]
ContentType = Annotated[
    str, Shape(min=3, max=127, pattern=r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", example="image/png")
]
ByteCount = Annotated[int, Shape(min=0, max=10_995_116_277_760)]
Sha256 = Annotated[str, Shape(min=64, max=64, pattern=r"[0-9a-f]{64}")]
Number = Annotated[str, Shape(min=3, max=40, example="EXT-000042")]
Version = Annotated[int, Shape(min=1, max=2_147_483_647)]
Ids = Annotated[list[Id], Shape(max=100)]
Permission = Annotated[str, Shape(min=3, max=64, pattern=r"[a-z_]{1,31}\.[a-z_]{1,31}", example="case.create")]
Permissions = Annotated[list[Permission], Shape(max=100)]
