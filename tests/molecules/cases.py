"""SMILES that a parser may stumble over, and drugs."""

ODD = [
    *("C", "[CH4]", "[CH3]", "[CH2]C", "C=C", "[C]", "[CH2]", "[13CH4]", "[2H]O[2H]", "[H][H]"),
    *("[H+]", "[H-]", "[Au]", "[Au+3]", "Cl[Au-](Cl)(Cl)Cl", "[Pb+2].[I-].[I-]", "I[Pb]I", "*"),
    *("*C", "[1*]CC*", "[NH4+].[Cl-]", "C[N+](C)(C)C", "O=[PH](O)O", "O=P(O)O", "C[SH2]C"),
    *("c1cc[nH]c1", "c1ccncc1", "C[n+]1ccccc1", "[O-][n+]1ccccc1", "c1cc[se]c1", "[NH3]->[Au]"),
    *("C$C", "C~C", "[U](F)(F)(F)(F)(F)F", "[CH3:1]C", "C-1CCCC-1", "N#N", "CC#N", "[C-]#[O+]"),
    *(
        "C[C@H](N)C(=O)O",
        "F/C=C/F",
        "[H]/N=C/C",
        "[Ce+4]",
        "[SH5]",
        "O=S(=O)(O)O",
        "FS(F)(F)(F)(F)F",
    ),
    *("[O]", "C[O]", "[B]", "B", "OB(O)c1ccccc1", "[SiH4]", "C |^1:0|", "[Co](C)(C)(C)(C)(C)C"),
    *("[K][Au]([K])([K])([K])([K])([K])([K])([K])[K]", "[GeH4]", "[#6]", "C=[N+]=[N-]", "[Zn++]"),
]
DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C)C(=O)N2C",
    "O=S(=O)(Nc1cccs1)c2ccc(Oc3ccccc3c4ccccc4)c(c2)C#N",
    "C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc34)[C@@H]1CC[C@@H]2O",
    "[NH3+]CCc1ccccc1.[I-]",
    "CCCC[Sn](CCCC)(OC(C)=O)OC(C)=O",
    "Cl[Au-](Cl)(Cl)Cl.[H+]",
    "c1ccc2c(c1)[nH]c1ccccc12",
    "[O-][N+](=O)c1ccc(N=Nc2ccccc2)cc1",
    "O=[PH](O)OP(=O)(O)O",
]
