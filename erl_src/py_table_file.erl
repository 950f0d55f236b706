%% @private Which file the table is in. A port program that finds the file attaches to it; where somebody took
%% it away, or it had to be given up, the next port program makes another one: then its dicts are lost, and whoever
%% has the old file in its memory must be started anew.
-module(py_table_file).

-include_lib("kernel/include/file.hrl").
-include_lib("kernel/include/logger.hrl").

-export([incarnation/1, refused/2]).

%% @doc A number that stays as long as the file does; a larger one for each new file.
-spec incarnation(file:filename_all()) -> pos_integer().
incarnation(File) ->
    Identity = identity(file:read_file_info(File, [raw])),
    case py_tables:fact(file_identity) of
        {ok, {Identity, Incarnation}} -> Incarnation;
        _ ->
            Incarnation = erlang:unique_integer([positive, monotonic]),
            ok = py_tables:put_fact(file_identity, {Identity, Incarnation}),
            Incarnation
    end.

identity({ok, #file_info{major_device = Device, inode = Inode}}) -> {Device, Inode};
identity({error, Why}) -> Why.

%% @doc A port program could not use the file. Where none ever will, since somebody's stray pointer has hit its first
%% page, it is removed, for the next one to make another. Other reasons pass.
-spec refused(file:filename_all(), Why :: term()) -> ok.
refused(File, {bad_config, <<"table", Why/binary>>}) ->
    Useless = [<<"its first page is damaged">>, <<"not a table of pyport">>, <<"its layout is version">>],
    case binary:match(Why, Useless) of
        nomatch -> ok;
        _ ->
            ?LOG_ERROR("the table's file cannot be used any more, and its dicts are lost~ts", [Why],
                       #{domain => [pyport]}),
            _ = file:delete(File),
            ok
    end;
refused(_, _) -> ok.
