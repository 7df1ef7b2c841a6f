# SPDX-License-Identifier: LGPL-3.0-only
"""The 34 province-level units of GB/T 2260, and where their tiles stand in a grid."""

from typing import NamedTuple


class Province(NamedTuple):
    code: str  # the first two digits of a division code
    short: str  # as in ISO 3166-2:CN
    name: str
    row: int
    column: int


PROVINCES = tuple(
    Province(*values)
    for values in (
        ("11", "BJ", "Beijing", 1, 5),
        ("12", "TJ", "Tianjin", 2, 6),
        ("13", "HE", "Hebei", 2, 5),
        ("14", "SX", "Shanxi", 2, 4),
        ("15", "NM", "Inner Mongolia", 1, 4),
        ("21", "LN", "Liaoning", 1, 6),
        ("22", "JL", "Jilin", 1, 7),
        ("23", "HL", "Heilongjiang", 0, 7),
        ("31", "SH", "Shanghai", 4, 7),
        ("32", "JS", "Jiangsu", 4, 6),
        ("33", "ZJ", "Zhejiang", 5, 6),
        ("34", "AH", "Anhui", 4, 5),
        ("35", "FJ", "Fujian", 6, 5),
        ("36", "JX", "Jiangxi", 5, 5),
        ("37", "SD", "Shandong", 3, 5),
        ("41", "HA", "Henan", 3, 4),
        ("42", "HB", "Hubei", 4, 4),
        ("43", "HN", "Hunan", 5, 4),
        ("44", "GD", "Guangdong", 6, 4),
        ("45", "GX", "Guangxi", 6, 3),
        ("46", "HI", "Hainan", 7, 3),
        ("50", "CQ", "Chongqing", 4, 3),
        ("51", "SC", "Sichuan", 4, 2),
        ("52", "GZ", "Guizhou", 5, 3),
        ("53", "YN", "Yunnan", 6, 2),
        ("54", "XZ", "Tibet", 3, 1),
        ("61", "SN", "Shaanxi", 3, 3),
        ("62", "GS", "Gansu", 2, 2),
        ("63", "QH", "Qinghai", 2, 1),
        ("64", "NX", "Ningxia", 2, 3),
        ("65", "XJ", "Xinjiang", 1, 0),
        ("71", "TW", "Taiwan", 6, 6),
        ("81", "HK", "Hong Kong", 7, 5),
        ("82", "MO", "Macao", 7, 4),
    )
)
CODES = tuple(province.code for province in PROVINCES)
