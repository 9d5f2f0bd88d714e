//! Whether deciding costs more the more permissions there are: in the organization (agents do not see each other's),
//! and of the very agent that asks (found by the first word of the action).

use crate::Outcome;
use crate::measure::{Measured, Subject, measure, median};
use crate::process::Server;
use crate::runs::{Place, ask, must_be_good, start_in};
use crate::seed::{Beside, Seeded, Wish};
use crate::settings::Settings;
use crate::table::{figures, ratio};

type Size = (&'static str, Beside);

const OF_THE_ORGANIZATION: [Size; 4] = [
    ("10 in the organization", Beside::OfOthers(10)),
    ("100 in the organization", Beside::OfOthers(100)),
    ("1,000 in the organization", Beside::OfOthers(1_000)),
    ("10,000 in the organization", Beside::OfOthers(10_000)),
];
const OF_THE_AGENT: [Size; 4] = [
    ("10 of the agent", Beside::OfTheAgent(10)),
    ("100 of the agent", Beside::OfTheAgent(100)),
    ("1,000 of the agent", Beside::OfTheAgent(1_000)),
    ("10,000 of the agent", Beside::OfTheAgent(10_000)),
];
/// More than this times the CPU of the smallest, and it is not flat.
const BAR: f64 = 1.25;

/// `procura-bench flat`.
pub(crate) fn flat(settings: &Settings) -> Outcome<()> {
    let place = Place::make(settings)?;
    let mut is_flat = true;
    for (title, sizes) in [
        ("verify, by permissions in the organization", &OF_THE_ORGANIZATION),
        ("verify, by permissions of the agent", &OF_THE_AGENT),
    ] {
        let servers = sizes.iter().map(|size| start(settings, &place, size)).collect::<Outcome<Vec<_>>>()?;
        let subjects: Vec<Subject<'_>> = servers
            .iter()
            .zip(sizes)
            .map(|((server, seeded), (name, _))| Subject {
                name,
                server,
                shot: ask(server, &[("x-api-key", &seeded.agent_key)]),
            })
            .collect();
        let measured = measure(&subjects, settings)?;
        print!("{}", figures(title, &measured, settings));
        let [least, .., most] = sizes;
        print!("{}", ratio(&measured, most.0, least.0));
        must_be_good(&measured)?;
        let times = times(&measured);
        println!("\nthe most permissions take {times:.2} times the CPU of the fewest; flat is at most {BAR}");
        is_flat &= times <= BAR;
    }
    if is_flat { Ok(()) } else { Err("it is not flat".to_owned()) }
}

fn start(settings: &Settings, place: &Place, (name, beside): &Size) -> Outcome<(Server, Seeded)> {
    let folder = place.folder(&name.replace([' ', ','], "-"))?;
    start_in(settings, &folder, &Wish { beside: *beside, ..Wish::default() })
}

/// The last against the first, within each turn.
fn times(measured: &[Measured]) -> f64 {
    let (Some(first), Some(last)) = (measured.first(), measured.last()) else { return f64::INFINITY };
    let turns = last.samples.iter().zip(&first.samples);
    median(turns.map(|(last, first)| last.cpu_micros / first.cpu_micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Sample;

    #[test]
    fn the_last_stands_to_the_first_within_a_turn() {
        let measured = |name, cpu: [f64; 3]| Measured {
            name,
            samples: cpu.map(|cpu_micros| Sample { cpu_micros, ..Sample::default() }).to_vec(),
        };
        let all =
            [measured("a", [10.0, 20.0, 40.0]), measured("b", [0.0; 3]), measured("c", [20.0, 20.0, 48.0])];
        assert_eq!(times(&all), 1.2);
        assert!(times(&[]) > BAR, "nothing measured is not flat");
    }
}
