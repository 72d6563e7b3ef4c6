"""Azure's VM sizes: what one instance has of each that Azure ML takes, and which of them go away.

To keep it up: one Series per series of Azure's documentation, with its sizes one by one where they have GPUs, are odd
or go away; one Regular per series in which the number in a size's name is that of its vCPUs, and memory goes with
them. Sizes are written without the prefix STANDARD_. The figures come from the pages of each series below
https://learn.microsoft.com/azure/virtual-machines/sizes, read on 2026-11-30; a size whose figures are not known there
has none here: no number is better than a wrong one. `retires` and its source come from Azure's list of retired sizes,
read on 2026-11-23.
"""

from __future__ import annotations

from typing import NamedTuple

_LEARN = "https://learn.microsoft.com/azure/virtual-machines"
_LIST = f"{_LEARN}/sizes/retirement/retired-sizes-list"
_N_SERIES = f"{_LEARN}/n-series-migration"
_D_GUIDE = f"{_LEARN}/migration/sizes/d-ds-dv2-dsv2-ls-series-migration-guide"


class Series(NamedTuple):
    """A series of sizes. `sizes` as in `NC4AS_T4_V3=4:28:1:16`: vCPUs, memory in GiB, GPUs, memory of each in GB.

    A part of a GPU is written as one (`1/6`). What is not known is left out. `gpu` is the model of the GPUs, `retires`
    an ISO date ("": not announced).
    """

    name: str
    sizes: str
    retires: str = ""
    instead: str = ""
    source: str = ""
    gpu: str = ""


class Regular(NamedTuple):
    """Series in which D4S_V5 has 4 vCPUs: `names` have # for the number, `vcpus` are all there are of it.

    `memory` is in GiB for each vCPU; `but` are the sizes, by number, that have another memory.
    """

    names: str
    vcpus: str
    memory: int
    but: str = ""


_T4 = "NCasT4_v3 (STANDARD_NC4AS_T4_V3)"
_A100 = "NC A100 v4 (STANDARD_NC24ADS_A100_V4)"
_A10 = "NVads A10 v5 (STANDARD_NV36ADS_A10_V5)"
_D = "Dsv5 or Ddsv5 (STANDARD_D4DS_V5)"

TABLE = (
    # GPU series that are there
    Series(
        "NCasT4_v3",
        "NC4AS_T4_V3=4:28:1:16 NC8AS_T4_V3=8:56:1:16 NC16AS_T4_V3=16:110:1:16 NC64AS_T4_V3=64:440:4:16",
        gpu="T4",
    ),
    Series(
        "NC A100 v4",
        "NC24ADS_A100_V4=24:220:1:80 NC48ADS_A100_V4=48:440:2:80 NC96ADS_A100_V4=96:880:4:80",
        gpu="A100",
    ),
    Series(
        "NCads H100 v5",
        "NC40ADS_H100_V5=40:320:1:94 NC80ADIS_H100_V5=80:640:2:94",
        gpu="H100",
    ),
    Series(
        "NCCads H100 v5",
        "NCC40ADS_H100_V5=40:320:1:94",
        gpu="H100",
    ),
    Series(
        "NDv2",
        "ND40RS_V2=40:672:8:32",
        gpu="V100",
    ),
    Series(
        "ND A100 v4",
        "ND96ASR_V4=96:900:8:40 ND96ASR_A100_V4=::8 ND96AMSR_A100_V4=96:1900:8:80",
        gpu="A100",
    ),
    Series(
        "ND H100 v5",
        "ND96ISR_H100_V5=96:1900:8:80 ND96IS_H100_V5=96:1900:8:80",
        gpu="H100",
    ),
    Series(
        "ND H200 v5",
        "ND96ISR_H200_V5=96:1850:8:141",
        gpu="H200",
    ),
    Series(
        "ND MI300X v5",
        "ND96ISR_MI300X_V5=96:1850:8:192 ND96IS_MI300X_V5=96:1850:8:192",
        gpu="MI300X",
    ),
    Series(
        "ND GB200 v6",
        "ND128ISR_NDR_GB200_V6=128:900:4",
        gpu="GB200",
    ),
    Series(
        "ND GB300 v6",
        "ND128ISR_GB300_V6=::4",
        gpu="GB300",
    ),
    Series(
        "NVads A10 v5",
        "NV6ADS_A10_V5=6:55:1/6:4 NV12ADS_A10_V5=12:110:1/3:8 NV18ADS_A10_V5=18:220:1/2:12 "
        "NV36ADS_A10_V5=36:440:1:24 NV36ADMS_A10_V5=36:880:1:24 NV72ADS_A10_V5=72:880:2:24",
        gpu="A10",
    ),
    Series(
        "NVads V710 v5",
        "NV4ADS_V710_V5=4:16:1/6:4 NV8ADS_V710_V5=8:32:1/3:8 NV12ADS_V710_V5=12:64:1/2:12 "
        "NV24ADS_V710_V5=24:128:1:24 NV28ADMS_V710_V5=28:160:1:24",
        gpu="V710",
    ),
    Series(
        "NGads V620",
        "NG8ADS_V620_V1=8:16:1/4:8 NG16ADS_V620_V1=16:32:1/2:16 NG32ADS_V620_V1=32:64:1:32 "
        "NG32ADMS_V620_V1=32:176:1:32",
        gpu="V620",
    ),
    # GPU series that are gone
    Series(
        "NC (K80)",
        "NC6=6:56:1:12 NC12=12:112:2:12 NC24=24:224:4:12 NC24R=24:224:4:12 NC6_PROMO=6:56:1:12 "
        "NC12_PROMO=12:112:2:12 NC24_PROMO=24:224:4:12 NC24R_PROMO=24:224:4:12",
        "2023-09-06",
        _T4,
        _N_SERIES,
        gpu="K80",
    ),
    Series(
        "NV (M60)",
        "NV6=6:56:1:8 NV12=12:112:2:8 NV24=24:224:4:8 NV6_PROMO=6:56:1:8 NV12_PROMO=12:112:2:8 NV24_PROMO=24:224:4:8",
        "2023-09-06",
        _A10,
        f"{_LEARN}/nv-series-retirement",
        gpu="M60",
    ),
    Series(
        "NCv2 (P100)",
        "NC6S_V2=6:112:1:16 NC12S_V2=12:224:2:16 NC24S_V2=24:448:4:16 NC24RS_V2=24:448:4:16",
        "2023-09-18",
        _A100,
        _N_SERIES,
        gpu="P100",
    ),
    Series(
        "ND (P40)",
        "ND6S=6:112:1:24 ND12S=12:224:2:24 ND24S=24:448:4:24 ND24RS=24:448:4:24",
        "2023-09-18",
        _A100,
        _N_SERIES,
        gpu="P40",
    ),
    Series(
        "NCv3 (V100)",
        "NC6S_V3=6:112:1:16 NC12S_V3=12:224:2:16 NC24S_V3=24:448:4:16 NC24RS_V3=24:448:4:16",
        "2025-09-30",
        _A100,
        _LIST,
        gpu="V100",
    ),
    Series(
        "NVv3 (M60)",
        "NV12S_V3=12:112:1:8 NV24S_V3=24:224:2:8 NV48S_V3=48:448:4:8",
        "2026-09-30",
        _A10,
        _LIST,
        gpu="M60",
    ),
    Series(
        "NVv4 (MI25)",
        "NV4AS_V4=4:14:1/8:2 NV8AS_V4=8:28:1/4:4 NV16AS_V4=16:56:1/2:8 NV32AS_V4=32:112:1:16",
        "2026-09-30",
        _A10,
        _LIST,
        gpu="MI25",
    ),
    # CPU series that are gone or will be
    Series(
        "H",
        "H8=8:56 H8M=8:112 H16=16:112 H16M=16:224 H16R=16:112 H16MR=16:224 H8_PROMO=8:56 H8M_PROMO=8:112 "
        "H16_PROMO=16:112 H16M_PROMO=16:224 H16R_PROMO=16:112 H16MR_PROMO=16:224",
        "2022-08-31",
        "HBv3 (STANDARD_HB120RS_V3)",
        f"{_LEARN}/h-series-retirement",
    ),
    Series(
        "A (first)",
        "A0=1:0.75 A1=1:1.75 A2=2:3.5 A3=4:7 A4=8:14 A5=2:14 A6=4:28 A7=8:56 A8=8:56 A9=16:112 A10=8:56 A11=16:112",
        "2024-08-31",
        _D,
        _LIST,
    ),
    Series(
        "HBv2",
        "HB120RS_V2=120:456 HB120-96RS_V2=96:456 HB120-64RS_V2=64:456 HB120-32RS_V2=32:456 HB120-16RS_V2=16:456",
        "2027-05-31",
        "HBv3 (STANDARD_HB120RS_V3)",
        f"{_LEARN}/sizes/retirement/hbv2-series-retirement",
    ),
    Series(
        "D and DS (first)",
        "D1=1:3.5 D2=2:7 D3=4:14 D4=8:28 D11=2:14 D12=4:28 D13=8:56 D14=16:112 DS1=1:3.5 DS2=2:7 DS3=4:14 "
        "DS4=8:28 DS11=2:14 DS12=4:28 DS13=8:56 DS14=16:112",
        "2028-05-01",
        _D,
        _D_GUIDE,
    ),
    Series(
        "Dv2",
        "D1_V2=1:3.5 D2_V2=2:7 D3_V2=4:14 D4_V2=8:28 D5_V2=16:56 D11_V2=2:14 D12_V2=4:28 D13_V2=8:56 "
        "D14_V2=16:112 D15_V2=20:140",
        "2028-05-01",
        _D,
        _D_GUIDE,
    ),
    Series(
        "DSv2",
        "DS1_V2=1:3.5 DS2_V2=2:7 DS3_V2=4:14 DS4_V2=8:28 DS5_V2=16:56 DS11_V2=2:14 DS12_V2=4:28 DS13_V2=8:56 "
        "DS14_V2=16:112 DS15_V2=20:140",
        "2028-05-01",
        _D,
        _D_GUIDE,
    ),
    Series(
        "Ls",
        "L4S=4:32 L8S=8:64 L16S=16:128 L32S=32:256",
        "2028-05-01",
        "Lsv3 (STANDARD_L8S_V3)",
        _D_GUIDE,
    ),
    Series(
        "Av2",
        "A1_V2=1:2 A2_V2=2:4 A4_V2=4:8 A8_V2=8:16 A2M_V2=2:16 A4M_V2=4:32 A8M_V2=8:64",
        "2028-11-15",
        _D,
        _D_GUIDE,
    ),
    Series(
        "F and Fs",
        "F1=1:2 F2=2:4 F4=4:8 F8=8:16 F16=16:32 F1S=1:2 F2S=2:4 F4S=4:8 F8S=8:16 F16S=16:32",
        "2028-11-15",
        "Fasv6 (STANDARD_F4AS_V6)",
        _D_GUIDE,
    ),
    Series(
        "Fsv2",
        "F2S_V2=2:4 F4S_V2=4:8 F8S_V2=8:16 F16S_V2=16:32 F32S_V2=32:64 F48S_V2=48:96 F64S_V2=64:128 F72S_V2=72:144",
        "2028-11-15",
        "Fasv6 (STANDARD_F4AS_V6)",
        _D_GUIDE,
    ),
    Series(
        "G and GS",
        "G1=2:28 G2=4:56 G3=8:112 G4=16:224 G5=32:448 GS1=2:28 GS2=4:56 GS3=8:112 GS4=16:224 GS5=32:448",
        "2028-11-15",
        "Ebdsv5 (STANDARD_E8BDS_V5)",
        _D_GUIDE,
    ),
    # CPU series whose sizes are written one by one
    Series(
        "B (first)",
        "B1LS=1:0.5 B1S=1:1 B1MS=1:2 B2S=2:4 B2MS=2:8 B4MS=4:16 B8MS=8:32 B12MS=12:48 B16MS=16:64 B20MS=20:80",
    ),
    Series(
        "HBv3",
        "HB120RS_V3=120:448 HB120-96RS_V3=96:448 HB120-64RS_V3=64:448 HB120-32RS_V3=32:448 HB120-16RS_V3=16:448",
    ),
    Series(
        "HBv4",
        "HB176RS_V4=176:768 HB176-144RS_V4=144:768 HB176-96RS_V4=96:768 HB176-48RS_V4=48:768 HB176-24RS_V4=24:768",
    ),
    Series("HC", "HC44RS=44:352 HC44-32RS=32:352 HC44-16RS=16:352"),
    Series(
        "M",
        "M8MS=8:218.75 M16MS=16:437.5 M32TS=32:192 M32LS=32:256 M32MS=32:875 M64S=64:1024 M64LS=64:512 M64MS=64:1792 "
        "M128S=128:2048 M128MS=128:3892 M64=64:1024 M64M=64:1792 M128=128:2048 M128M=128:3892",
    ),
)

REGULAR = (
    Regular("D#_V3 D#S_V3", "2 4 8 16 32 48 64", 4),
    Regular("D#_V4 D#S_V4 D#D_V4 D#DS_V4", "2 4 8 16 32 48 64", 4),
    Regular("D#A_V4 D#AS_V4", "2 4 8 16 32 48 64 96", 4),
    Regular("D#_V5 D#S_V5 D#D_V5 D#DS_V5 D#AS_V5 D#ADS_V5", "2 4 8 16 32 48 64 96", 4),
    Regular("D#LS_V5 D#LDS_V5", "2 4 8 16 32 48 64 96", 2),
    Regular("D#S_V6 D#DS_V6", "2 4 8 16 32 48 64 96 128 192", 4),
    Regular("D#AS_V6 D#ADS_V6", "2 4 8 16 32 48 64 96", 4),
    Regular("D#LS_V6 D#LDS_V6", "2 4 8 16 32 48 64 96 128", 2),
    Regular("D#ALS_V6 D#ALDS_V6", "2 4 8 16 32 48 64 96", 2),
    Regular("E#_V3 E#S_V3", "2 4 8 16 20 32 48 64", 8, "64=432"),
    Regular("E#_V4 E#S_V4 E#D_V4 E#DS_V4", "2 4 8 16 20 32 48 64", 8, "64=504"),
    Regular("E#A_V4 E#AS_V4", "2 4 8 16 20 32 48 64 96", 8, "96=672"),
    Regular("E#_V5 E#S_V5 E#D_V5 E#DS_V5 E#AS_V5 E#ADS_V5", "2 4 8 16 20 32 48 64 96", 8, "96=672"),
    Regular("E#BS_V5 E#BDS_V5", "2 4 8 16 32 48 64 96", 8, "96=672"),
    Regular("E#S_V6 E#DS_V6", "2 4 8 16 20 32 48 64 96 128", 8),
    Regular("E#AS_V6 E#ADS_V6", "2 4 8 16 20 32 48 64 96", 8, "96=672"),
    Regular("F#AS_V6", "2 4 8 16 32 48 64", 4),
    Regular("F#ALS_V6", "2 4 8 16 32 48 64", 2),
    Regular("F#AMS_V6", "2 4 8 16 32 48 64", 8),
    Regular("FX#MDS", "4 12 24 36 48", 21),
    Regular("L#S_V2 L#S_V3 L#AS_V3", "8 16 32 48 64 80", 8),
)
