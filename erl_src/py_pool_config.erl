%% @private The options of a pool: their checks and defaults. Pure but for the look at the file system and
%% the number of schedulers.
-module(py_pool_config).

-export([load/2, keys/0, is_name/1]).

-export_type([options/0, key/0]).

-type key() :: isolation | size | python | python_path | env | cwd | preload | max_memory | max_calls | max_rss
             | on_restart | allow_import | max_queue.
-type options() :: #{isolation := interpreter | process,
                     size := 1..64,
                     python := binary(),
                     python_path := [binary()],
                     env := [{string(), string() | false}],
                     cwd := binary() | none,
                     preload := [binary()],
                     max_memory := pos_integer() | infinity,
                     max_calls := pos_integer() | infinity,
                     max_rss := pos_integer() | infinity,
                     on_restart := binary(),
                     allow_import := [binary()],
                     max_queue := pos_integer()}.
-type defaults() :: #{python := binary(), python_path := [binary()], max_queue := pos_integer()}.

-define(MAX, 16#ffffffff).
-define(MAX_BYTES, 16#7fffffffffffffff).

%% @doc Whether a term may name a pool: an atom, and none that stands for something else in ETS, or here.
-spec is_name(term()) -> boolean().
is_name(Name) when is_atom(Name) ->
    case atom_to_list(Name) of
        [First | _] -> First =/= $$ andalso First =/= $_;
        [] -> false
    end;
is_name(_) -> false.

%% @doc The whole of what a user gave, above what stands for all pools. The reason of an error names the key.
-spec load(term(), defaults()) -> {ok, options()} | {error, {Key :: term(), Why :: binary()}}.
load(Given, Defaults) when is_map(Given) -> check(renamed(Given), Defaults);
load(Given, Defaults) ->
    case py_names:is_list_of(fun is_pair/1, Given) of
        true -> load(maps:from_list(Given), Defaults);
        false -> {error, {options, <<"must be a map or a list of {Key, Value}">>}}
    end.

is_pair({_, _}) -> true;
is_pair(_) -> false.

%% `path' is python_path.
renamed(#{path := Path} = Given) when not is_map_key(python_path, Given) ->
    (maps:remove(path, Given))#{python_path => Path};
renamed(Given) -> Given.

-spec keys() -> [key()].
keys() ->
    [isolation, size, python, python_path, env, cwd, preload, max_memory, max_calls, max_rss, on_restart,
     allow_import, max_queue].

check(Given, Defaults) ->
    case maps:keys(Given) -- keys() of
        [] -> check(keys(), Given, Defaults, #{});
        [Key | _] -> {error, {Key, unknown_key()}}
    end.

check([], _, _, Options) -> {ok, Options};
check([Key | Keys], Given, Defaults, Options) ->
    case option(Key, Given, Defaults) of
        {ok, Value} -> check(Keys, Given, Defaults, Options#{Key => Value});
        {error, Why} -> {error, {Key, Why}}
    end.

option(Key, Given, Defaults) ->
    case {Given, Defaults} of
        {#{Key := Value}, _} -> value(Key, Value);
        {_, #{Key := Default}} -> {ok, Default};
        {_, _} -> {ok, default(Key)}
    end.

unknown_key() ->
    Known = lists:join(", ", [atom_to_list(Key) || Key <- keys()]),
    iolist_to_binary(["is no option of a pool; the options are ", Known]).

default(isolation) -> interpreter;
default(size) -> min(4, erlang:system_info(schedulers_online));
default(env) -> [];
default(cwd) -> none;
default(preload) -> [];
default(max_memory) -> infinity;
default(max_calls) -> infinity;
default(max_rss) -> infinity;
default(on_restart) -> <<>>;
default(allow_import) -> [].

value(isolation, Isolation) when Isolation =:= interpreter; Isolation =:= process -> {ok, Isolation};
value(isolation, _) -> {error, <<"must be interpreter or process">>};
value(size, N) -> py_check:integer(N, 1, 64);
value(python, Path) -> py_check:python(Path);
value(python_path, Paths) -> py_check:folders(Paths);
value(env, Env) -> env(Env);
value(cwd, Folder) -> folder(Folder);
value(preload, Modules) -> names(Modules, <<"must be a list of names of modules">>);
value(max_memory, Bytes) -> bytes(Bytes);
value(max_calls, N) -> py_check:or_infinity(N, 1, ?MAX_BYTES);
value(max_rss, Bytes) -> bytes(Bytes);
value(on_restart, Code) -> code(Code);
value(allow_import, Packages) -> names(Packages, <<"must be a list of names of packages">>);
value(max_queue, N) -> py_check:integer(N, 1, ?MAX).

bytes(Bytes) -> py_check:or_infinity(Bytes, 1 bsl 20, ?MAX_BYTES).

code(Code) ->
    case py_names:text(Code) of
        {ok, Text} when not is_atom(Code) -> {ok, Text};
        _ -> {error, <<"must be Python code: a string or binary of Unicode characters">>}
    end.

names(Names, Why) ->
    case py_names:is_list_of(fun(Name) -> py_names:name(Name) =/= error end, Names) of
        true -> {ok, [element(2, py_names:name(Name)) || Name <- Names]};
        false -> {error, Why}
    end.

folder(Folder) ->
    case py_check:path(Folder) of
        {ok, Path} when Path =/= <<>> -> existing_folder(Path, filelib:is_dir(Path));
        _ -> {error, <<"must be a folder, a string or a binary">>}
    end.

existing_folder(Path, true) -> {ok, filename:absname(Path)};
existing_folder(_, false) -> {error, <<"must be a folder, and there is none">>}.

%% As open_port/2 takes them; false takes a variable away.
env(Env) when is_map(Env) -> env(maps:to_list(Env));
env(Env) ->
    case py_names:is_list_of(fun is_variable/1, Env) of
        true -> {ok, [{characters(Name), setting(Value)} || {Name, Value} <- Env]};
        false -> {error, <<"must be a map or a list of pairs: names, and strings or binaries or false as values">>}
    end.

is_variable({Name, Value}) ->
    is_name_of_variable(py_names:name(Name)) andalso (Value =:= false orelse is_setting(Value, py_names:text(Value)));
is_variable(_) -> false.

is_name_of_variable({ok, Name}) -> binary:match(Name, [<<"=">>, <<0>>]) =:= nomatch;
is_name_of_variable(error) -> false.

is_setting(Value, {ok, Text}) -> not is_atom(Value) andalso binary:match(Text, <<0>>) =:= nomatch;
is_setting(_, error) -> false.

characters(Name) ->
    {ok, Text} = py_names:text(Name),
    unicode:characters_to_list(Text).

setting(false) -> false;
setting(Value) -> characters(Value).
