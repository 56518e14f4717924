import Testing

/// The whole product against real hosts, through its executable. Needs root and what a lab needs;
/// `DROVER_REQUIRE_LAB=1` makes their absence a failure.
///
/// Steps that later ones stand on are stages of ``LabFleet``, taken once by whichever test comes first, so that each
/// suite below can also be run alone.
@Suite(
    .serialized, .enabled(if: OnOneLab.isPossible, "needs root and the programs that a lab is made of"), .onOneLab,
    .timeLimit(.minutes(5)))
struct OnALab {}
