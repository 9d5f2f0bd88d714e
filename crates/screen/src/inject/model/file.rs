//! The model file: four letters and a number for the format, the SHA-256 of the rest, then numbers in little-endian order.
//! Reading checks the digest and every length, so that a cut or changed file is refused and never judges.

use sha2::{Digest, Sha256};

use super::features::DENSE;
use super::{CLASS_BITS, Calibration, GRAM_BITS, Half, Member, Model, Table, Unit};

/// Names the format and its number; features and hashes belong to it.
const MAGIC: &[u8; 5] = b"PCIM\x01";
const DIGEST: usize = 32;
/// A file has at most so many members on a side.
const MOST_MEMBERS: u8 = 4;

/// Why a model file is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenModel {
    /// Not of this format.
    Unknown,
    /// The digest does not match.
    Changed,
    /// It ends too early, or a number in it makes no sense.
    Malformed,
}

impl std::fmt::Display for BrokenModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unknown => "the file is no screening model of this version",
            Self::Changed => "the screening model was changed after it was written",
            Self::Malformed => "the screening model cannot be read",
        })
    }
}

impl std::error::Error for BrokenModel {}

impl Model {
    /// Reads a model file.
    pub fn read(file: &[u8]) -> Result<Self, BrokenModel> {
        let rest = file.strip_prefix(MAGIC).ok_or(BrokenModel::Unknown)?;
        let (digest, body) = rest.split_at_checked(DIGEST).ok_or(BrokenModel::Malformed)?;
        if Sha256::digest(body).as_slice() != digest {
            return Err(BrokenModel::Changed);
        }
        let mut input = Input(body);
        let model = Self {
            inside: input.half()?,
            outside: input.half()?,
            calibrations: [
                input.calibration()?,
                input.calibration()?,
                input.calibration()?,
                input.calibration()?,
            ],
            version: digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
        };
        if input.0.is_empty() { Ok(model) } else { Err(BrokenModel::Malformed) }
    }

    /// The file of this model; its version is found anew when the file is read.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for half in [&self.inside, &self.outside] {
            body.push(u8::try_from(half.members.len()).unwrap_or(u8::MAX));
            write_floats(&mut body, &[half.expert]);
            half.members.iter().for_each(|member| write_member(&mut body, member));
        }
        for calibration in &self.calibrations {
            write_floats(&mut body, &[calibration.slope, calibration.intercept]);
            write_floats(&mut body, &calibration.thresholds);
        }
        [MAGIC.as_slice(), Sha256::digest(&body).as_slice(), &body].concat()
    }
}

fn write_floats(body: &mut Vec<u8>, floats: &[f32]) {
    body.extend(floats.iter().flat_map(|float| float.to_le_bytes()));
}

fn write_member(body: &mut Vec<u8>, member: &Member) {
    body.push(match member.unit {
        Unit::Text => 0,
        Unit::Window => 1,
    });
    write_floats(body, &[member.bias, member.offset, member.share]);
    for table in [&member.grams, &member.classes] {
        body.push(u8::from(!table.weights.is_empty()));
        write_floats(body, &[table.step]);
        body.extend(table.weights.iter().flat_map(|weight| weight.to_le_bytes()));
    }
    body.push(u8::from(!member.dense.is_empty()));
    write_floats(body, &member.dense);
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn bytes(&mut self, count: usize) -> Result<&[u8], BrokenModel> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BrokenModel::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, BrokenModel> {
        self.bytes(1)?.first().copied().ok_or(BrokenModel::Malformed)
    }

    fn float(&mut self) -> Result<f32, BrokenModel> {
        let bytes: [u8; 4] = self.bytes(4)?.try_into().map_err(|_| BrokenModel::Malformed)?;
        Some(f32::from_le_bytes(bytes)).filter(|float| float.is_finite()).ok_or(BrokenModel::Malformed)
    }

    fn has(&mut self) -> Result<bool, BrokenModel> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(BrokenModel::Malformed),
        }
    }

    fn half(&mut self) -> Result<Half, BrokenModel> {
        let count =
            Some(self.byte()?).filter(|count| *count <= MOST_MEMBERS).ok_or(BrokenModel::Malformed)?;
        let expert = self.float()?;
        let members = (0..count).map(|_| self.member()).collect::<Result<_, _>>()?;
        Ok(Half { members, expert })
    }

    fn member(&mut self) -> Result<Member, BrokenModel> {
        let unit = if self.has()? { Unit::Window } else { Unit::Text };
        let (bias, offset, share) = (self.float()?, self.float()?, self.float()?);
        let grams = self.table(1 << GRAM_BITS)?;
        let classes = self.table(1 << CLASS_BITS)?;
        let count = if self.has()? { DENSE } else { 0 };
        let dense = (0..count).map(|_| self.float()).collect::<Result<_, _>>()?;
        Ok(Member { unit, grams, classes, dense, bias, offset, share })
    }

    fn table(&mut self, buckets: usize) -> Result<Table, BrokenModel> {
        let count = if self.has()? { buckets } else { 0 };
        let step = self.float()?;
        let weights = self.bytes(count)?.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        Ok(Table { step, weights })
    }

    fn calibration(&mut self) -> Result<Calibration, BrokenModel> {
        Ok(Calibration {
            slope: self.float()?,
            intercept: self.float()?,
            thresholds: [self.float()?, self.float()?, self.float()?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let table = |buckets| Table { step: 0.5, weights: vec![-3; buckets] };
        let member = Member {
            unit: Unit::Window,
            grams: table(1 << GRAM_BITS),
            classes: Table { step: 1.0, weights: Vec::new() },
            dense: vec![0.25; DENSE],
            bias: -1.0,
            offset: 0.5,
            share: 2.0,
        };
        let half = Half { members: vec![member], expert: 1.5 };
        let calibration = Calibration { slope: 1.0, intercept: 0.0, thresholds: [1.0, 2.0, 3.0] };
        Model { inside: half.clone(), outside: half, calibrations: [calibration; 4], version: String::new() }
    }

    #[test]
    fn a_model_comes_back_as_it_was_written() {
        let written = model();
        let read = Model::read(&written.write()).unwrap();
        assert_eq!(read.version.len(), 12);
        assert_eq!(Model { version: String::new(), ..read }, written);
    }

    #[test]
    fn a_cut_or_changed_file_is_refused() {
        let file = model().write();
        assert_eq!(Model::read(b"other"), Err(BrokenModel::Unknown));
        assert_eq!(Model::read(&file[..20]), Err(BrokenModel::Malformed));
        assert_eq!(Model::read(&file[..file.len() - 1]), Err(BrokenModel::Changed));
        let mut changed = file;
        changed[60] ^= 1;
        assert_eq!(Model::read(&changed), Err(BrokenModel::Changed));
    }
}
