%% @private Checks of configured values, which pyport_config and py_pool_config share: `{ok, Value}' in the form in
%% which it is kept, or `{error, Why}' in words. Pure but for the look at the file system.
-module(py_check).

-export([integer/3, or_infinity/3, path/1, folders/1, python/1, text/1]).

-type checked(Value) :: {ok, Value} | {error, Why :: binary()}.

-spec integer(term(), integer(), integer()) -> checked(integer()).
integer(N, Min, Max) when is_integer(N), N >= Min, N =< Max -> {ok, N};
integer(_, Min, Max) -> {error, iolist_to_binary(io_lib:format("must be an integer from ~b to ~b", [Min, Max]))}.

-spec or_infinity(term(), integer(), integer()) -> checked(integer() | infinity).
or_infinity(infinity, _, _) -> {ok, infinity};
or_infinity(N, Min, Max) ->
    case integer(N, Min, Max) of
        {ok, N} -> {ok, N};
        {error, Why} -> {error, <<Why/binary, ", or infinity">>}
    end.

-spec path(term()) -> checked(binary()).
path(Path) ->
    case py_names:text(Path) of
        {ok, Text} when not is_atom(Path) -> {ok, Text};
        _ -> {error, <<"must be a path, a string or a binary">>}
    end.

%% @doc Relative ones are the node's, whatever Python's own folder is.
-spec folders(term()) -> checked([binary()]).
folders(Paths) ->
    case py_names:is_list_of(fun is_path/1, Paths) of
        true -> {ok, [filename:absname(text(Path)) || Path <- Paths]};
        false -> {error, <<"must be a list of folders, each a string or a binary">>}
    end.

is_path(Path) ->
    case path(Path) of
        {ok, Text} -> Text =/= <<>>;
        _ -> false
    end.

%% @doc A venv or an executable; empty for the Python that pyport was built with.
-spec python(term()) -> checked(binary()).
python(Path) ->
    case path(Path) of
        {ok, <<>>} -> {ok, <<>>};
        {ok, Binary} -> existing(Binary, filelib:is_file(Binary));
        Error -> Error
    end.

existing(Path, true) -> {ok, filename:absname(Path)};
existing(_, false) -> {error, <<"must be a venv folder or a Python executable, and there is none">>}.

%% @doc REQUIRES: a text, as of py_names:text/1.
-spec text(term()) -> binary().
text(Path) ->
    {ok, Text} = py_names:text(Path),
    Text.
