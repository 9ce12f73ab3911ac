//! The sample data: made up, and named so that nobody takes it for real.

use super::store::{Experiment, Labels, Metric, Model, Run, Store, Version};
use crate::digest::Digest;

/// 1 September 2026, 08:00 UTC; everything happens after it, in hours.
const START: i64 = 1_788_249_600_000;
const HOUR: i64 = 3_600_000;

/// Name, team, note.
const EXPERIMENTS: &[(&str, &str, &str)] = &[
    (
        "sample: credit scoring",
        "risk",
        "Retail credit scorecards (sample data)",
    ),
    (
        "sample: fraud detection",
        "payments",
        "Card transactions (sample data)",
    ),
    (
        "sample: churn forecast",
        "marketing",
        "Monthly churn (sample data)",
    ),
    (
        "sample: Übersetzung – 翻訳",
        "nlp",
        "Translation of support mail (sample data)",
    ),
];

struct SampleRun {
    experiment: usize,
    name: &'static str,
    user: &'static str,
    /// Hours after the start, and how long it took; `None` while it runs.
    hours: (i64, Option<i64>),
    status: &'static str,
    tags: &'static [(&'static str, &'static str)],
    params: &'static [(&'static str, &'static str)],
    metrics: &'static [(&'static str, &'static [f64])],
}

const RUNS: &[SampleRun] = &[
    SampleRun {
        experiment: 0,
        name: "scorecard-logistic",
        user: "ana",
        hours: (0, Some(1)),
        status: "FINISHED",
        tags: &[("stage", "Archived"), ("version", "1")],
        params: &[("penalty", "l2"), ("C", "0.5"), ("features", "42")],
        metrics: &[("auc", &[0.741]), ("gini", &[0.482]), ("ks", &[0.36])],
    },
    SampleRun {
        experiment: 0,
        name: "scorecard-logistic",
        user: "ana",
        hours: (20, Some(1)),
        status: "FINISHED",
        tags: &[("stage", "Production"), ("version", "2")],
        params: &[("penalty", "l2"), ("C", "1.0"), ("features", "48")],
        metrics: &[("auc", &[0.752]), ("gini", &[0.504]), ("ks", &[0.39])],
    },
    SampleRun {
        experiment: 0,
        name: "scorecard-boosted",
        user: "bela",
        hours: (44, Some(3)),
        status: "FINISHED",
        tags: &[("stage", "Staging"), ("version", "1")],
        params: &[
            ("max_depth", "6"),
            ("learning_rate", "0.05"),
            ("trees", "400"),
        ],
        metrics: &[
            ("auc", &[0.748, 0.764, 0.771]),
            ("loss", &[0.61, 0.55, 0.53]),
        ],
    },
    SampleRun {
        experiment: 0,
        name: "scorecard-boosted",
        user: "bela",
        hours: (70, Some(1)),
        status: "FAILED",
        tags: &[],
        params: &[("max_depth", "12"), ("learning_rate", "0.9")],
        metrics: &[("loss", &[0.9, 4.2, f64::NAN]), ("auc", &[0.5])],
    },
    SampleRun {
        experiment: 1,
        name: "fraud-rules",
        user: "chen",
        hours: (12, Some(1)),
        status: "FINISHED",
        tags: &[("stage", "Archived")],
        params: &[("rules", "118")],
        metrics: &[("precision", &[0.61]), ("recall", &[0.44])],
    },
    SampleRun {
        experiment: 1,
        name: "fraud-graph",
        user: "chen",
        hours: (60, Some(9)),
        status: "FINISHED",
        tags: &[("stage", "Production"), ("version", "2026.09")],
        params: &[
            ("layers", "3"),
            ("hidden", "128"),
            ("learning_rate", "0.001"),
        ],
        metrics: &[
            ("precision", &[0.71, 0.79]),
            ("recall", &[0.58, 0.66]),
            ("auc", &[0.93, 0.957]),
        ],
    },
    SampleRun {
        experiment: 1,
        name: "fraud-graph",
        user: "chen",
        hours: (110, None),
        status: "RUNNING",
        tags: &[("mlflow.lifecycleStage", "Staging")],
        params: &[
            ("layers", "4"),
            ("hidden", "256"),
            ("learning_rate", "0.001"),
        ],
        metrics: &[("precision", &[0.74]), ("recall", &[0.6])],
    },
    SampleRun {
        experiment: 1,
        name: "fraud-autoencoder",
        user: "dora",
        hours: (82, Some(2)),
        status: "KILLED",
        tags: &[],
        params: &[("bottleneck", "16")],
        metrics: &[("reconstruction_error", &[0.031])],
    },
    SampleRun {
        experiment: 2,
        name: "churn-baseline",
        user: "emil",
        hours: (30, Some(1)),
        status: "FINISHED",
        tags: &[],
        params: &[],
        metrics: &[("auc", &[0.68])],
    },
    SampleRun {
        experiment: 2,
        name: "churn-forest",
        user: "emil",
        hours: (54, Some(2)),
        status: "FINISHED",
        tags: &[("stage", "Production"), ("version", "1")],
        params: &[("trees", "300"), ("max_depth", "10")],
        metrics: &[("auc", &[0.741]), ("brier", &[0.162])],
    },
    SampleRun {
        experiment: 3,
        name: "support-translator-日本語",
        user: "fumi",
        hours: (96, Some(14)),
        status: "FINISHED",
        tags: &[("stage", "Staging"), ("version", "v1")],
        params: &[("beam", "5"), ("vocabulary", "32000")],
        metrics: &[("bleu", &[24.1, 27.8, 29.4])],
    },
    SampleRun {
        experiment: 3,
        name: "untitled",
        user: "fumi",
        hours: (120, Some(0)),
        status: "FINISHED",
        tags: &[],
        params: &[],
        metrics: &[],
    },
];

struct SampleModel {
    name: &'static str,
    description: &'static str,
    owner: &'static str,
    /// The run (by its place above) and the stage of each version.
    versions: &'static [(usize, &'static str)],
    aliases: &'static [(&'static str, &'static str)],
}

const MODELS: &[SampleModel] = &[
    SampleModel {
        name: "credit-scorecard",
        description: "Retail credit scorecard (sample data).",
        owner: "risk",
        versions: &[(0, "Archived"), (1, "Production"), (2, "Staging")],
        aliases: &[("champion", "2"), ("challenger", "3")],
    },
    SampleModel {
        name: "fraud-graph",
        description: "Graph network over card transactions (sample data).",
        owner: "payments",
        versions: &[(5, "Production"), (6, "None")],
        aliases: &[("champion", "1")],
    },
    SampleModel {
        name: "churn-forest",
        description: "",
        owner: "marketing",
        versions: &[(9, "Production")],
        aliases: &[],
    },
    SampleModel {
        name: "support-translator-日本語",
        description: "Translates support mail – 翻訳 (sample data).",
        owner: "nlp",
        versions: &[(10, "None")],
        aliases: &[],
    },
    SampleModel {
        name: "price-elasticity",
        description: "Registered, not trained yet (sample data).",
        owner: "pricing",
        versions: &[],
        aliases: &[],
    },
];

pub(super) fn fill(store: &mut Store) {
    for (at, (name, team, note)) in EXPERIMENTS.iter().enumerate() {
        let created = START + HOUR * i64::try_from(at).unwrap_or(0);
        let mut experiment = Experiment::new(&(at + 1).to_string(), name, created);
        experiment.tags = labels(&[
            ("team", team),
            ("mlflow.note.content", note),
            ("sample", "true"),
        ]);
        store.experiments.push(experiment);
    }
    // The default experiment of a new server is older than what is made on it.
    for default in store.experiments.iter_mut().take(1) {
        (default.created, default.updated) = (START - HOUR, START - HOUR);
    }
    store
        .runs
        .extend(RUNS.iter().enumerate().map(|(at, sample)| run(at, sample)));
    store.models.extend(
        MODELS
            .iter()
            .enumerate()
            .map(|(at, sample)| model(at, sample)),
    );
}

fn run(at: usize, sample: &SampleRun) -> Run {
    let start = START + HOUR * sample.hours.0 + 17_123;
    let source = format!(
        "train_{}.py",
        sample
            .name
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    );
    let id = run_id(at);
    let commit = Digest::of(format!("commit {at}").as_bytes()).short(20);
    let mut tags = labels(&[
        ("mlflow.user", sample.user),
        ("mlflow.source.type", "LOCAL"),
        ("mlflow.source.name", &source),
        ("mlflow.source.git.commit", &commit),
        ("mlflow.runName", sample.name),
    ]);
    tags.0.extend(labels(sample.tags).0);
    let metrics = sample.metrics.iter().flat_map(|(key, values)| {
        (0_i64..).zip(*values).map(move |(step, value)| Metric {
            key: (*key).to_owned(),
            value: *value,
            timestamp: start + 60_000 * (step + 1),
            step,
        })
    });
    Run {
        experiment_id: (sample.experiment + 1).to_string(),
        name: sample.name.to_owned(),
        user: sample.user.to_owned(),
        status: sample.status.to_owned(),
        start,
        end: sample.hours.1.map(|hours| start + HOUR * hours + 42_000),
        deleted: false,
        metrics: metrics.collect(),
        params: labels(sample.params),
        tags,
        artifacts: vec![("MLmodel".to_owned(), 412)],
        id,
    }
}

fn model(at: usize, sample: &SampleModel) -> Model {
    let created = START + HOUR * (130 + i64::try_from(at).unwrap_or(0));
    let numbered = (1_u32..).zip(sample.versions);
    let versions: Vec<Version> = numbered
        .map(|(number, (run, stage))| Version {
            model: sample.name.to_owned(),
            number,
            created: created + i64::from(number) * 60_000,
            updated: created + i64::from(number) * 90_000,
            stage: (*stage).to_owned(),
            description: format!("Sample version {number}"),
            source: format!("runs:/{}/model", run_id(*run)),
            run_id: run_id(*run),
            tags: labels(&[(
                "validation",
                if *stage == "None" {
                    "pending"
                } else {
                    "passed"
                },
            )]),
        })
        .collect();
    Model {
        name: sample.name.to_owned(),
        created,
        updated: versions.last().map_or(created, |last| last.updated),
        description: sample.description.to_owned(),
        tags: labels(&[("owner", sample.owner), ("sample", "true")]),
        aliases: labels(sample.aliases),
        versions,
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Labels(owned.collect())
}

/// The same at every start, so that a link to a run stays good.
fn run_id(at: usize) -> String {
    Digest::of(format!("sample run {at}").as_bytes()).short(16)
}
