//! The index of ends.

use super::*;
use crate::store::index::{Entry, Index, width_ms};

#[test]
fn what_ends_is_found_in_the_order_of_its_end_however_much_it_is() {
    let fakes = Fakes::default();
    let bucket = fakes.bucket("sessions").unwrap();
    let index = Index {
        bucket: bucket.as_ref(),
        name: "audio",
        width_ms: 1_000,
    };
    let entry = |n: u64| Entry(format!("id-{n}"), n);
    let mut slots = vec![];
    for n in 0..600 {
        let ends_at_ms = if n == 0 { 9_999 } else { 5_001 };
        slots.push(index.add(ends_at_ms, &entry(n)).unwrap());
    }
    let directory = index.directory().unwrap();
    assert_eq!(directory.len(), 4);
    assert!(directory[..3].iter().all(|slot| slot.0 == 6_000) && directory[3].0 == 10_000);
    let listed: Vec<_> = directory
        .iter()
        .flat_map(|slot| index.entries(*slot).unwrap())
        .map(|entry| entry.1)
        .collect();
    assert_eq!(listed[..599], (1..600).collect::<Vec<_>>());
    assert_eq!(listed[599..], [0]);

    assert_eq!(
        index.remove(directory[2], &[entry(1)]).unwrap(),
        87,
        "it is not there"
    );
    let gone: Vec<_> = (1..600).map(entry).collect();
    assert_eq!(index.remove(directory[2], &gone).unwrap(), 0);
    index.close(directory[2]).unwrap();
    assert_eq!(index.directory().unwrap().len(), 3);
    assert_eq!(index.remove(slots[0], &[entry(0)]).unwrap(), 0);
    assert_eq!(index.entries(slots[0]).unwrap(), []);
}

#[test]
fn slots_are_fine_and_few() {
    assert_eq!(width_ms(1_000), 1_000);
    assert_eq!(width_ms(1_800_000), 56_250);
    assert_eq!(width_ms(31_536_000_000), 86_400_000);
}
