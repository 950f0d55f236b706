%% @private What the C code of one OS process writes to its standard error, by way of a file.
%%
%% The file is made here, for its owner alone, and loses its name at once, so that nothing is left of it however
%% anybody ends; the port program opens it by the node's descriptor in /proc. What comes is read from time to
%% time, and given to the log; the last 4 KiB are kept for those who ask why it died. A file that has grown
%% beyond 1 MiB is emptied when nobody writes at the moment, and beyond 16 MiB in any case: then what is just being
%% written is lost.
%%
%% A state belongs to the process that made it.
-module(py_stderr).

-export([create/1, path/1, remove_name/1, read/1, tail/1, close/1]).
-export([keep/2, lines/1]).

-export_type([stderr/0]).

-record(stderr, {path :: binary(),
                 named = true :: boolean(),
                 fd :: file:fd(),
                 offset = 0 :: non_neg_integer(),
                 tail = <<>> :: binary()}).
-opaque stderr() :: #stderr{}.

-define(TAIL, 4096).
-define(AT_ONCE, 65536).    % bytes that are given to the log at a time
-define(EMPTIED, 1 bsl 20).
-define(EMPTIED_ANYHOW, 16 bsl 20).

-spec create(binary()) -> {ok, stderr()} | {error, file:posix()}.
create(Path) ->
    case file:open(Path, [read, write, exclusive, raw, binary]) of
        {ok, Fd} ->
            _ = file:change_mode(Path, 8#600),
            {ok, nameless(#stderr{path = Path, fd = Fd})};
        {error, _} = Error -> Error
    end.

%% The newest descriptors first. Without /proc/self the name stays until the program is up.
nameless(Stderr) ->
    Folder = <<"/proc/", (list_to_binary(os:getpid()))/binary, "/fd">>,
    case file:list_dir(Folder) of
        {ok, Names} ->
            Numbers = lists:reverse(lists:sort([list_to_integer(Name) || Name <- Names])),
            descriptor([filename:join(Folder, integer_to_binary(Number)) || Number <- Numbers], Stderr);
        {error, _} -> Stderr
    end.

descriptor([], Stderr) -> Stderr;
descriptor([Link | Links], #stderr{path = Path} = Stderr) ->
    case target(file:read_link_all(Link)) of
        Path ->
            _ = file:delete(Path),
            Stderr#stderr{path = Link, named = false};
        _ -> descriptor(Links, Stderr)
    end.

target({ok, Name}) when is_list(Name) -> unicode:characters_to_binary(Name);
target({ok, Name}) -> Name;
target({error, _}) -> none.

%% @doc By which the port program opens it.
-spec path(stderr()) -> binary().
path(#stderr{path = Path}) -> Path.

%% @doc Removes the name, if it still has one; what is written still arrives.
-spec remove_name(stderr()) -> ok.
remove_name(#stderr{named = false}) -> ok;
remove_name(#stderr{path = Path}) ->
    _ = file:delete(Path),
    ok.

%% @doc What is new, at most so much that the log is not flooded, and how many bytes before it were left out.
-spec read(stderr()) -> {Dropped :: non_neg_integer(), binary(), stderr()}.
read(#stderr{fd = Fd, offset = Offset, tail = Tail} = Stderr) ->
    case file:position(Fd, eof) of
        {ok, Size} when Size > Offset ->
            From = max(Offset, Size - ?AT_ONCE),
            New = pread(Fd, From, Size - From),
            {From - Offset, New, emptied(Stderr#stderr{offset = Size, tail = keep(Tail, New)})};
        _ -> {0, <<>>, Stderr}
    end.

pread(Fd, From, Bytes) ->
    case file:pread(Fd, From, Bytes) of
        {ok, New} -> New;
        _ -> <<>>
    end.

emptied(#stderr{fd = Fd, offset = Size} = Stderr) when Size > ?EMPTIED ->
    case file:position(Fd, eof) of
        {ok, Now} when Now =:= Size; Now > ?EMPTIED_ANYHOW -> empty(Stderr);
        _ -> Stderr
    end;
emptied(Stderr) -> Stderr.

%% Its writers append, so the next byte is the first.
empty(#stderr{fd = Fd} = Stderr) ->
    {ok, 0} = file:position(Fd, 0),
    _ = file:truncate(Fd),
    Stderr#stderr{offset = 0}.

%% @doc The end of all that was read.
-spec tail(stderr()) -> binary().
tail(#stderr{tail = Tail}) -> Tail.

-spec close(stderr()) -> ok.
close(#stderr{fd = Fd} = Stderr) ->
    ok = remove_name(Stderr),
    _ = file:close(Fd),
    ok.

%%% Pure

%% @doc The last 4 KiB of what was kept and what is new.
-spec keep(binary(), binary()) -> binary().
keep(Tail, New) ->
    All = <<Tail/binary, New/binary>>,
    binary:copy(binary_part(All, byte_size(All), -min(?TAIL, byte_size(All)))).

%% @doc As text for the log: what is no UTF-8 is taken for Latin-1, line ends at the end go.
-spec lines(binary()) -> unicode:unicode_binary().
lines(Bytes) ->
    Text = case unicode:characters_to_binary(Bytes) of
               Valid when is_binary(Valid) -> Valid;
               _ -> unicode:characters_to_binary(Bytes, latin1)
           end,
    string:trim(Text, trailing, "\r\n").
