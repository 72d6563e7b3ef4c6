"""Azure's VM sizes, as far as specrun has something to say about them: all with GPUs, and those that go away.

To keep it up: one Series per series of Azure's documentation; sizes without the prefix STANDARD_, in any case, each
followed by its number of GPUs where it has some (a part of a GPU counts as one: the process sees one device).
`retires` and its source come from Azure's list of retired sizes, read on 2026-11-23.
"""

from __future__ import annotations

from typing import NamedTuple

_LEARN = "https://learn.microsoft.com/azure/virtual-machines"
_LIST = f"{_LEARN}/sizes/retirement/retired-sizes-list"
_N_SERIES = f"{_LEARN}/n-series-migration"
_D_GUIDE = f"{_LEARN}/migration/sizes/d-ds-dv2-dsv2-ls-series-migration-guide"


class Series(NamedTuple):
    """A series of sizes: `sizes` as in `NC6S_V3=1 NC12S_V3=2`, `retires` an ISO date ("": not announced)."""

    name: str
    sizes: str
    retires: str = ""
    instead: str = ""
    source: str = ""


_T4 = "NCasT4_v3 (STANDARD_NC4AS_T4_V3)"
_A100 = "NC A100 v4 (STANDARD_NC24ADS_A100_V4)"
_A10 = "NVads A10 v5 (STANDARD_NV36ADS_A10_V5)"
_D = "Dsv5 or Ddsv5 (STANDARD_D4DS_V5)"

TABLE = (
    # GPU series that are there
    Series("NCasT4_v3", "NC4AS_T4_V3=1 NC8AS_T4_V3=1 NC16AS_T4_V3=1 NC64AS_T4_V3=4"),
    Series("NC A100 v4", "NC24ADS_A100_V4=1 NC48ADS_A100_V4=2 NC96ADS_A100_V4=4"),
    Series("NCads H100 v5", "NC40ADS_H100_V5=1 NC80ADIS_H100_V5=2"),
    Series("NCCads H100 v5", "NCC40ADS_H100_V5=1"),
    Series("NDv2", "ND40RS_V2=8"),
    Series("ND A100 v4", "ND96ASR_V4=8 ND96ASR_A100_V4=8 ND96AMSR_A100_V4=8"),
    Series("ND H100 v5", "ND96ISR_H100_V5=8 ND96IS_H100_V5=8"),
    Series("ND H200 v5", "ND96ISR_H200_V5=8"),
    Series("ND MI300X v5", "ND96ISR_MI300X_V5=8 ND96IS_MI300X_V5=8"),
    Series("ND GB200 v6", "ND128ISR_NDR_GB200_V6=4"),
    Series("ND GB300 v6", "ND128ISR_GB300_V6=4"),
    Series(
        "NVads A10 v5",
        "NV6ADS_A10_V5=1 NV12ADS_A10_V5=1 NV18ADS_A10_V5=1 NV36ADS_A10_V5=1 NV36ADMS_A10_V5=1 NV72ADS_A10_V5=2",
    ),
    Series(
        "NVads V710 v5",
        "NV4ADS_V710_V5=1 NV8ADS_V710_V5=1 NV12ADS_V710_V5=1 NV24ADS_V710_V5=1 NV28ADMS_V710_V5=1",
    ),
    Series(
        "NGads V620",
        "NG8ADS_V620_V1=1 NG16ADS_V620_V1=1 NG32ADS_V620_V1=1 NG32ADMS_V620_V1=1",
    ),
    # GPU series that are gone
    Series(
        "NC (K80)",
        "NC6=1 NC12=2 NC24=4 NC24R=4 NC6_PROMO=1 NC12_PROMO=2 NC24_PROMO=4 NC24R_PROMO=4",
        "2023-09-06",
        _T4,
        _N_SERIES,
    ),
    Series(
        "NV (M60)",
        "NV6=1 NV12=2 NV24=4 NV6_PROMO=1 NV12_PROMO=2 NV24_PROMO=4",
        "2023-09-06",
        _A10,
        f"{_LEARN}/nv-series-retirement",
    ),
    Series("NCv2 (P100)", "NC6S_V2=1 NC12S_V2=2 NC24S_V2=4 NC24RS_V2=4", "2023-09-18", _A100, _N_SERIES),
    Series("ND (P40)", "ND6S=1 ND12S=2 ND24S=4 ND24RS=4", "2023-09-18", _A100, _N_SERIES),
    Series("NCv3 (V100)", "NC6S_V3=1 NC12S_V3=2 NC24S_V3=4 NC24RS_V3=4", "2025-09-30", _A100, _LIST),
    Series("NVv3 (M60)", "NV12S_V3=1 NV24S_V3=2 NV48S_V3=4", "2026-09-30", _A10, _LIST),
    Series("NVv4 (MI25)", "NV4AS_V4=1 NV8AS_V4=1 NV16AS_V4=1 NV32AS_V4=1", "2026-09-30", _A10, _LIST),
    # CPU series that are gone or will be
    Series(
        "H",
        "H8 H8M H16 H16M H16R H16MR H8_PROMO H8M_PROMO H16_PROMO H16M_PROMO H16R_PROMO H16MR_PROMO",
        "2022-08-31",
        "HBv3 (STANDARD_HB120RS_V3)",
        f"{_LEARN}/h-series-retirement",
    ),
    Series("A (first)", "A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11", "2024-08-31", _D, _LIST),
    Series(
        "HBv2",
        "HB120RS_V2 HB120-96RS_V2 HB120-64RS_V2 HB120-32RS_V2 HB120-16RS_V2",
        "2027-05-31",
        "HBv3 (STANDARD_HB120RS_V3)",
        f"{_LEARN}/sizes/retirement/hbv2-series-retirement",
    ),
    Series(
        "D and DS (first)",
        "D1 D2 D3 D4 D11 D12 D13 D14 DS1 DS2 DS3 DS4 DS11 DS12 DS13 DS14",
        "2028-05-01",
        _D,
        _D_GUIDE,
    ),
    Series("Dv2", "D1_V2 D2_V2 D3_V2 D4_V2 D5_V2 D11_V2 D12_V2 D13_V2 D14_V2 D15_V2", "2028-05-01", _D, _D_GUIDE),
    Series(
        "DSv2", "DS1_V2 DS2_V2 DS3_V2 DS4_V2 DS5_V2 DS11_V2 DS12_V2 DS13_V2 DS14_V2 DS15_V2", "2028-05-01", _D, _D_GUIDE
    ),
    Series("Ls", "L4S L8S L16S L32S", "2028-05-01", "Lsv3 (STANDARD_L8S_V3)", _D_GUIDE),
    Series("Av2", "A1_V2 A2_V2 A4_V2 A8_V2 A2M_V2 A4M_V2 A8M_V2", "2028-11-15", _D, _D_GUIDE),
    Series("F and Fs", "F1 F2 F4 F8 F16 F1S F2S F4S F8S F16S", "2028-11-15", "Fasv6 (STANDARD_F4AS_V6)", _D_GUIDE),
    Series(
        "Fsv2",
        "F2S_V2 F4S_V2 F8S_V2 F16S_V2 F32S_V2 F48S_V2 F64S_V2 F72S_V2",
        "2028-11-15",
        "Fasv6 (STANDARD_F4AS_V6)",
        _D_GUIDE,
    ),
    Series("G and GS", "G1 G2 G3 G4 G5 GS1 GS2 GS3 GS4 GS5", "2028-11-15", "Ebdsv5 (STANDARD_E8BDS_V5)", _D_GUIDE),
)
