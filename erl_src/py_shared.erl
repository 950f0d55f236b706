%% @private Owns the path of the table's file, from the start of pyport to its end.
%%
%% The path is chosen once, and survives every restart below: a port of the table finds the file that the one
%% before it left, with all dicts. Files of dead nodes are removed at the start. As the supervisor's first child this
%% process is the last to end; then no port program is left, and it removes the file.
-module(py_shared).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").

-export([start_link/1, file/0, node_pid/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-define(KILL_GRACE, 2000).

-spec start_link(pyport_config:config()) -> {ok, pid()} | {error, term()} | ignore.
start_link(#{table_dir := Folder}) -> gen_server:start_link({local, ?MODULE}, ?MODULE, Folder, []).

%% @doc The table's file.
-spec file() -> binary().
file() ->
    {ok, File} = py_tables:fact(file),
    File.

%% @doc The node's OS process.
-spec node_pid() -> pos_integer().
node_pid() -> list_to_integer(os:getpid()).

-spec init(binary()) -> {ok, binary()}.
init(Folder) ->
    process_flag(trap_exit, true),
    case py_tables:fact(file) of
        {ok, File} -> {ok, File};   % after a crash of this process
        unknown ->
            ok = sweep(Folder),
            File = filename:join(Folder, name()),
            ok = py_tables:put_fact(file, File),
            {ok, File}
    end.

name() ->
    {ok, Process} = py_os:identify(node_pid()),
    py_file_names:table(node_pid(), py_os:started(Process), namespace(), crypto:strong_rand_bytes(2)).

namespace() ->
    case file:read_link("/proc/self/ns/pid") of
        {ok, Name} -> unicode:characters_to_binary(Name);
        {error, _} -> <<"unknown">>
    end.

sweep(Folder) ->
    {ok, Names} = file:list_dir(Folder),
    Namespace = namespace(),
    Stale = [Name || Name <- Names, is_list(Name),
                     py_file_names:is_stale(unicode:characters_to_binary(Name), Namespace, fun is_alive/2)],
    lists:foreach(fun(Name) -> swept(Name, file:delete(filename:join(Folder, Name))) end, Stale).

is_alive(OsPid, Started) ->
    case py_os:identify(OsPid) of
        {ok, Process} -> py_os:started(Process) =:= Started;
        gone -> false
    end.

swept(Name, ok) -> ?LOG_INFO("removed ~ts, which a dead node left", [Name], #{domain => [pyport]});
swept(_, {error, _}) -> ok.   % another user's, or somebody else was faster

-spec handle_call(term(), gen_server:from(), binary()) -> {reply, {error, unknown_request}, binary()}.
handle_call(_Request, _From, File) -> {reply, {error, unknown_request}, File}.

-spec handle_cast(term(), binary()) -> {noreply, binary()}.
handle_cast(_Request, File) -> {noreply, File}.

-spec handle_info(term(), binary()) -> {noreply, binary()}.
handle_info(_Message, File) -> {noreply, File}.

%% Also what is left of ports that were killed. When this process alone ends, the file is still needed.
-spec terminate(term(), binary()) -> ok.
terminate(Why, File) when Why =:= shutdown; Why =:= killed; element(1, Why) =:= shutdown ->
    ok = lists:foreach(fun({Server, _, Process}) ->
                               ok = py_os:kill(Process),
                               _ = py_os:wait_gone(Process, ?KILL_GRACE),
                               py_tables:delete_process(Server)
                       end, py_tables:processes()),
    _ = [file:delete(Name) || Name <- [File, <<File/binary, ".new">>]],
    ok;
terminate(_, _) -> ok.
