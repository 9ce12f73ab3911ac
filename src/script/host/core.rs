//! `core`: the organization's own data, as far as the grant goes. Which columns there are and which may
//! be written is decided below, by `governance`.

use super::db::open;
use super::{ARGUMENTS, Arguments, Body, HostCall, HostError, HostFn, Kind, Param, raised};
use crate::error::Error;
use crate::governance::resource::{
    self, FILES, MODELS, NewFile, PAGE, PROJECTS, Page, RISKS, Resource,
};
use crate::permission::Access::{Read, Write};
use crate::permission::Capability::{self, Core, Files};
use crate::permission::Resource::{Models, Projects, Risks, Users};
use crate::user::User;
use crate::value::{Map, Value};

/// The largest file that a plugin may read or make.
const FILE_BYTES: usize = 4 << 20;
const LONGEST_FILENAME: usize = 255;
const LONGEST_MIME: usize = 200;

const LIST: &[Param] = &[Param::optional("page", Kind::Map)];
const ONE: &[Param] = &[Param::required("id", Kind::Int)];
const CREATE: &[Param] = &[Param::required("values", Kind::Map)];
const UPDATE: &[Param] = &[
    Param::required("id", Kind::Int),
    Param::required("values", Kind::Map),
];

const fn function(
    name: &'static str,
    needs: Capability,
    doc: &'static str,
    params: &'static [Param],
    body: fn(&mut HostCall<'_>, Arguments) -> Result<Value, HostError>,
) -> HostFn {
    HostFn {
        module: "core",
        name,
        needs,
        doc,
        params,
        size: ARGUMENTS,
        body: Body::Call(body),
    }
}

pub const USERS: HostFn = function(
    "users",
    Core(Users, Read),
    "core.users() → list of { id, name, email, roleName, disabled }",
    &[],
    |host, _| {
        let users = open(host)?.control_read(User::of_tenant).map_err(explain)?;
        let shown = users.into_iter().map(|user| {
            Value::map([
                ("id", Value::Int(user.id)),
                ("name", Value::Text(user.name)),
                ("email", Value::Text(user.email)),
                ("roleName", Value::Text(user.role.to_string())),
                ("disabled", Value::Bool(user.disabled)),
            ])
        });
        Ok(Value::List(shown.collect()))
    },
);

pub const RISKS_LIST: HostFn = function(
    "risks",
    Core(Risks, Read),
    "core.risks({limit?, offset?}?) → list of risks in order of id, 1,000 at most",
    LIST,
    |host, args| list(host, &args, &RISKS),
);
pub const RISK: HostFn = function(
    "risk",
    Core(Risks, Read),
    "core.risk(id) → one risk, or null",
    ONE,
    |host, args| one(host, &args, &RISKS),
);
pub const CREATE_RISK: HostFn = function(
    "createRisk",
    Core(Risks, Write),
    "core.createRisk(values) → { id }",
    CREATE,
    |host, args| create(host, args, &RISKS),
);
pub const UPDATE_RISK: HostFn = function(
    "updateRisk",
    Core(Risks, Write),
    "core.updateRisk(id, values) → { id }; fields that are not named keep their values",
    UPDATE,
    |host, args| update(host, args, &RISKS),
);

pub const MODELS_LIST: HostFn = function(
    "models",
    Core(Models, Read),
    "core.models({limit?, offset?}?) → list of models of the inventory in order of id, 1,000 at most",
    LIST,
    |host, args| list(host, &args, &MODELS),
);
pub const MODEL: HostFn = function(
    "model",
    Core(Models, Read),
    "core.model(id) → one model, or null",
    ONE,
    |host, args| one(host, &args, &MODELS),
);
pub const CREATE_MODEL: HostFn = function(
    "createModel",
    Core(Models, Write),
    "core.createModel(values) → { id }",
    CREATE,
    |host, args| create(host, args, &MODELS),
);
pub const UPDATE_MODEL: HostFn = function(
    "updateModel",
    Core(Models, Write),
    "core.updateModel(id, values) → { id }; fields that are not named keep their values",
    UPDATE,
    |host, args| update(host, args, &MODELS),
);

pub const PROJECTS_LIST: HostFn = function(
    "projects",
    Core(Projects, Read),
    "core.projects({limit?, offset?}?) → list of use cases in order of id, 1,000 at most",
    LIST,
    |host, args| list(host, &args, &PROJECTS),
);
pub const PROJECT: HostFn = function(
    "project",
    Core(Projects, Read),
    "core.project(id) → one use case, or null",
    ONE,
    |host, args| one(host, &args, &PROJECTS),
);
pub const CREATE_PROJECT: HostFn = function(
    "createProject",
    Core(Projects, Write),
    "core.createProject(values) → { id }",
    CREATE,
    |host, args| create(host, args, &PROJECTS),
);
pub const UPDATE_PROJECT: HostFn = function(
    "updateProject",
    Core(Projects, Write),
    "core.updateProject(id, values) → { id }; fields that are not named keep their values",
    UPDATE,
    |host, args| update(host, args, &PROJECTS),
);

pub const FILES_LIST: HostFn = function(
    "files",
    Files,
    "core.files({limit?, offset?}?) → list of files without their content in order of id, 1,000 at most",
    LIST,
    |host, args| list(host, &args, &FILES),
);
pub const FILE: HostFn = function(
    "file",
    Files,
    "core.file(id) → one file with content as bytes (4 MB at most), or null",
    ONE,
    |host, args| {
        let id = args.int(0);
        let most = i64::try_from(FILE_BYTES).unwrap_or(i64::MAX);
        let found = open(host)?
            .core_read(|conn| {
                let Some(mut fields) = FILES.with_id(conn, id)? else {
                    return Ok(None);
                };
                let content = resource::file_content(conn, id, most)?.unwrap_or_default();
                fields.insert("content".to_owned(), Value::Bytes(content));
                Ok(Some(fields))
            })
            .map_err(explain)?;
        Ok(found.map_or(Value::Null, Value::Map))
    },
);
pub const CREATE_FILE: HostFn = function(
    "createFile",
    Files,
    "core.createFile({filename, mime?, content}) → { id }; content is text or bytes, 4 MB at most",
    CREATE,
    |host, mut args| {
        let Value::Map(fields) = args.take(0) else {
            return raised("values must be a map");
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let Some(filename) = text("filename").filter(|name| is_filename(name)) else {
            return raised(format!(
                "filename must be a plain name of at most {LONGEST_FILENAME} bytes"
            ));
        };
        let mime = text("mime").unwrap_or("application/octet-stream");
        if mime.len() > LONGEST_MIME {
            return raised(format!("mime may have at most {LONGEST_MIME} bytes"));
        }
        let content = match fields.get("content") {
            Some(Value::Bytes(bytes)) => bytes.as_slice(),
            Some(Value::Text(text)) => text.as_bytes(),
            _ => return raised("content must be text or bytes"),
        };
        if content.len() > FILE_BYTES {
            return raised(format!("content may have at most {FILE_BYTES} bytes"));
        }
        let new = NewFile {
            filename,
            mime,
            content,
            uploaded_by: host.call.user_id,
        };
        let id = open(host)?
            .core_write(|conn| resource::create_file(conn, &new))
            .map_err(explain)?;
        Ok(named(id))
    },
);

fn list(
    host: &mut HostCall<'_>,
    args: &Arguments,
    resource: &Resource,
) -> Result<Value, HostError> {
    let number = |name: &str, default: i64, most: i64| match args.value(0).get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value
            .as_i64()
            .filter(|number| (0..=most).contains(number))
            .ok_or_else(|| {
                HostError::Raised(format!("{name} must be a whole number from 0 to {most}"))
            }),
    };
    let page = Page {
        limit: number("limit", PAGE, PAGE)?,
        offset: number("offset", 0, i64::MAX)?,
    };
    let rows = open(host)?
        .core_read(|conn| resource.list(conn, page))
        .map_err(explain)?;
    Ok(Value::List(rows.into_iter().map(Value::Map).collect()))
}

fn one(host: &mut HostCall<'_>, args: &Arguments, resource: &Resource) -> Result<Value, HostError> {
    let found = open(host)?
        .core_read(|conn| resource.with_id(conn, args.int(0)))
        .map_err(explain)?;
    Ok(found.map_or(Value::Null, Value::Map))
}

fn create(
    host: &mut HostCall<'_>,
    mut args: Arguments,
    resource: &Resource,
) -> Result<Value, HostError> {
    let values = fields(args.take(0));
    let id = open(host)?
        .core_write(|conn| resource.create(conn, &values))
        .map_err(explain)?;
    noted(host, "created", resource, id);
    Ok(named(id))
}

fn update(
    host: &mut HostCall<'_>,
    mut args: Arguments,
    resource: &Resource,
) -> Result<Value, HostError> {
    let (id, values) = (args.int(0), fields(args.take(1)));
    open(host)?
        .core_write(|conn| resource.update(conn, id, &values))
        .map_err(explain)?;
    noted(host, "updated", resource, id);
    Ok(named(id))
}

/// What a plugin did to data that is not its own must be found again.
fn noted(host: &HostCall<'_>, done: &str, resource: &Resource, id: i64) {
    let (plugin, tenant, user) = (&host.call.plugin, &host.call.tenant, host.call.user_id);
    tracing::info!(%plugin, %tenant, user, id, "[PluginService] a plugin {done} a {}", resource.one);
}

fn named(id: i64) -> Value {
    Value::map([("id", Value::Int(id))])
}

fn fields(value: Value) -> Map {
    match value {
        Value::Map(map) => map,
        _ => Map::new(),
    }
}

/// No path and no control character.
fn is_filename(name: &str) -> bool {
    (1..=LONGEST_FILENAME).contains(&name.len())
        && !name.contains(['/', '\\'])
        && !name.contains(char::is_control)
}

/// A wrong value is the script's to catch; what the host cannot do keeps its type.
fn explain(error: Error) -> HostError {
    match error {
        Error::Invalid { message, .. }
        | Error::NotFound(message)
        | Error::Refused { message, .. } => HostError::Raised(message),
        other => HostError::Host(other),
    }
}
